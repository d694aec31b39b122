#pragma once
// `rankwise scale`: how training scales on this machine, measured beside what `plan` predicts.

#include <string>
#include <vector>

#include "distributed/planning/epoch_model.hpp"
#include "jobs/als/als.hpp"
#include "jobs/planning/stated_sizes.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct ScaleOptions {
  AlsOptions als;           ///< without files
  StatedSizes sizes;        ///< of every strong run, and of each rank's share in weak ones
  std::vector<int> strong;  ///< numbers of ranks, ascending
  std::vector<int> weak;    ///< likewise
  NetworkRate network;      ///< of a node, for predictions
  double calibration_seconds = 0;
  std::string json;  ///< empty: not wanted
  std::string csv;
  std::string plot;
};

/// Trains planted data on the first ranks of context.comm, once for each number of ranks that is asked for, tells what
/// was measured and predicted, and writes what was asked for. Runs of the same matrix must end each epoch with the same
/// loss, bit for bit. Collective over context.comm; throws AgreedError.
void measure_scaling(const ScaleOptions& options, JobContext& context);

/// Adds all options of the job.
RunJob describe_scale(boost::program_options::options_description& description);

[[nodiscard]] Job scale_job();

}  // namespace rankwise
