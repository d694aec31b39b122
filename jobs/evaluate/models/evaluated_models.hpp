#pragma once
// The models that are measured: one, or several whose scores are added.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/blending/user_scores.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "jobs/evaluate/models/any_model.hpp"
#include "jobs/evaluate/models/training_overlap.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// A model over the users and items of the dataset that measures it.
struct EvaluatedModel {
  std::string path;
  std::string name;                      ///< the file's, for people
  std::unique_ptr<const AnyModel> file;  ///< outlives what was matched
  AnyMatchedModel matched;
  TrainingOverlap overlap;
};

/// Opens them; warns of files without digests. Throws AgreedError also if two of them are the same model (usage).
/// `names`: of each path. Collective over context.comm.
[[nodiscard]] std::vector<EvaluatedModel> open_models(const JobContext& context, const std::vector<std::string>& paths,
                                                      const std::vector<std::string>& names);

/// Throws AgreedError(usage) if two of the models are the same, by their digests.
void require_different(const std::vector<std::string>& paths, const std::vector<TrainingRecord>& records);

/// The record of the first model of this dataset, or of the first model: it says which fold of the dataset measures
/// them. Collective over context.comm.
[[nodiscard]] const TrainingRecord& deciding_record(const JobContext& context, const std::string& data_path,
                                                    const std::vector<EvaluatedModel>& models);

/// Matches each with the dataset, and finds what it may have learned of it. Collective over the dataset's ranks; throws
/// AgreedError as match_any_model().
void match_models(const Communicator& comm, const HeldoutData& data, const HeldoutRows& rows,
                  std::vector<EvaluatedModel>& models);

/// What lists of all of the models can have. Collective over comm.
[[nodiscard]] Catalogue joint_catalogue(const Communicator& comm, const std::vector<EvaluatedModel>& models);

/// The models as parts of a blend, whose users speak by HeldoutRows::seen. Reads small models of factors whole. What is
/// passed outlives the result. Collective over comm; throws AgreedError(bad_data) for values that an item model cannot
/// weigh.
[[nodiscard]] std::vector<BlendedModel> blended_models(const Communicator& comm, const HeldoutRows& rows,
                                                       const std::vector<EvaluatedModel>& models);

}  // namespace rankwise
