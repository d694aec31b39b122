#pragma once
// How much of what is known to be wrong was found, and how much of what was found is known to be wrong.

#include <optional>
#include <string>
#include <vector>

#include "io/dataset/dataset.hpp"
#include "jobs/denoise/findings.hpp"
#include "jobs/denoise/judgement.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// The same on every rank.
struct KnownTruth {
  Index listed = 0;                ///< records
  std::vector<TrainedPair> pairs;  ///< whose user and item the dataset has; ascending, each once
};

/// Nothing for an empty path. Collective over comm; throws AgreedError (no_input, bad_data).
[[nodiscard]] std::optional<KnownTruth> read_truth(const Communicator& comm, const std::string& path,
                                                   const DatasetReader& dataset);

/// Over all ranks.
struct TruthFigures {
  Index listed = 0;
  Index in_training = 0;            ///< wrong interactions that are in the training part
  Index hits = 0;                   ///< of them, found
  std::optional<double> precision;  ///< hits of what was found; none if nothing was found
  std::optional<double> recall;     ///< hits of in_training; none if there is none
};

/// Tells them, too. Collective over context.comm.
[[nodiscard]] TruthFigures compare_with_truth(JobContext& context, const KnownTruth& truth, const Judgement& judgement,
                                              const Findings& findings);

}  // namespace rankwise
