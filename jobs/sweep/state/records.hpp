#pragma once
// What a sweep's directory knows of its tasks: one record each, written whole or not at all, by any number of writers.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "jobs/run/report.hpp"
#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// What one task found, DIR/records/<key>.json.
struct TaskRecord {
  std::uint64_t dataset_digest = 0;               ///< of the data that was read
  std::map<std::string, double> metrics;          ///< over what the fold leaves out
  std::map<std::string, double> standard_errors;  ///< of those, over users or ratings; not all have one
  std::map<std::string, double> baselines;        ///< als, itemcf: of popularity, or of mean and biases, on the same
  std::vector<double> user_values;                ///< not of the record: see add_user_values (user_values.hpp)
  std::vector<double> losses;                     ///< after each epoch of the whole training
  Index epochs = 0;                               ///< that the training has had
  Index resumed_epochs = 0;                       ///< of those, before this task's last run began
  double begin_seconds = 0;                       ///< since 1970, of the task's last run
  double seconds = 0;                             ///< that it took
  double memory_bytes = 0;                        ///< peak of the largest rank
  int ranks = 1;
  int threads_per_rank = 1;
  std::string host;
};

/// Of every task of the plan, in the plan's order. What is damaged, or of other options, another dataset or another
/// program, is as if it were not there: warn_of_damaged_records() tells of it.
using Records = std::vector<std::optional<TaskRecord>>;
[[nodiscard]] Records read_records(const SweepPlan& plan, const std::string& directory);
[[nodiscard]] std::optional<TaskRecord> read_record(const SweepPlan& plan, const std::string& directory,
                                                    const SweepTask& task);

/// A line for each file that should hold a record of the plan's and does not, with why; of many files some.
void warn_of_damaged_records(const SweepPlan& plan, const std::string& directory, Report& report);

/// Of two writers of one record the last one stays, whole; both found the same metrics. Collective over comm; throws
/// AgreedError (cannot_create, io_error).
void write_record(const Communicator& comm, const SweepPlan& plan, const std::string& directory, const SweepTask& task,
                  const TaskRecord& record);

/// Copies records of another sweep's directory that are valid for this plan; tells how many. Throws Error.
[[nodiscard]] Index take_over_records(const SweepPlan& plan, const std::string& other, const std::string& directory,
                                      const Communicator& comm);

/// Where a training keeps its checkpoints and model, over all of its rungs.
[[nodiscard]] std::string work_folder(const std::string& directory, const SweepTask& task);

/// Throws AgreedError(usage) where the action was started on several ranks.
void require_single_rank(const Communicator& comm, const char* action);

}  // namespace rankwise
