#pragma once
// What `plan` is asked for, and the texts that it takes apart.

#include <optional>
#include <string>
#include <vector>

#include "distributed/planning/epoch_model.hpp"
#include "jobs/als/als.hpp"
#include "jobs/planning/stated_sizes.hpp"

namespace rankwise {

struct PlanOptions {
  AlsOptions als;  ///< its data may be empty, where sizes are stated
  StatedSizes sizes;
  std::vector<int> ranks;
  std::vector<int> threads_per_rank;
  int cores_per_node = 0;           ///< 0: as many as here
  NetworkRate network;              ///< of a node
  Index memory_per_rank_bytes = 0;  ///< 0: no limit
  std::optional<double> time_limit_seconds;
  double least_efficiency = 0;
  double safety = 1;               ///< factor on predicted seconds in what is asked of Slurm
  double memory_safety = 1;        ///< likewise on memory
  double calibration_seconds = 0;  ///< 0: the build's rates as they are
  std::string json;                ///< empty: not wanted
  std::string sbatch;              ///< empty: not wanted
  std::string job_name;
  std::string slurm_partition;  ///< empty: the cluster's default
};

/// The command line as it was resolved (JobContext::configuration), of which a batch script gets what trains the model:
/// `--name value` for each training option and the seed.
[[nodiscard]] std::vector<std::string> training_arguments(const std::string& configuration);

/// "1,2,8" as numbers from 1 to 100,000. Throws Error(usage), naming the option.
[[nodiscard]] std::vector<int> parse_counts(const std::string& option, const std::string& text);

}  // namespace rankwise
