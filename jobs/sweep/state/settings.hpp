#pragma once
// How a sweep's tasks are run: DIR/run.json, which later processes go on with. No result depends on it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "io/files/folder_lock.hpp"
#include "io/hdf5/input_check.hpp"
#include "slurm/work/scheduler.hpp"

namespace rankwise {

enum class SchedulerKind { local, slurm };

struct RunSettings {
  SchedulerKind scheduler = SchedulerKind::local;
  std::string data;                     ///< where the planned data is now; empty: where it was planned
  std::int64_t cores = 0;               ///< local: of all tasks together
  std::int64_t memory_bytes = 0;        ///< local: likewise; 0: no limit
  int most_retries = 1;                 ///< of a task that failed, beside its first run
  std::int64_t time_limit_seconds = 0;  ///< of one run of a task; 0: from the plan
  std::int64_t signal_seconds = 120;    ///< before it
  std::int64_t cores_per_node = 0;      ///< Slurm: for nodes per task; 0: each task on one node
  double memory_safety = 1.5;           ///< on predicted memory
  bool asks_for_memory = true;          ///< Slurm: whether memory is asked for at all
  std::int64_t tasks_per_job = 0;       ///< Slurm: 0: from the plan
  slurm::BatchRequest batch;            ///< of the tasks, but for items_per_job
  std::string refit_model;              ///< empty: not wanted
  std::string refit_metrics;
  InputCheck input_check = InputCheck::digests;  ///< of the tasks; each command says it anew
  Locking locking = Locking::automatic;          ///< of the folder and of those of trainings
  std::int64_t submissions = 0;                  ///< so far
  std::map<std::string, int> forgiven;           ///< failed runs of tasks that the last resume took back
};

/// The settings that the text of `path` holds. Throws Error(bad_data), one line with file and place.
[[nodiscard]] RunSettings parse_settings(const std::string& text, const std::string& path);

/// Throws Error (io_error, bad_data); nothing where the sweep was never run.
[[nodiscard]] std::optional<RunSettings> read_settings(const std::string& directory);
/// Throws Error(cannot_create).
void write_settings(const std::string& directory, const RunSettings& settings);

/// The mark of a cancelled sweep, which only resume takes away; in a chain's folder, of the chain.
[[nodiscard]] bool is_cancelled(const std::string& directory);
void mark_cancelled(const std::string& directory);
void unmark_cancelled(const std::string& directory);

}  // namespace rankwise
