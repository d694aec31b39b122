#pragma once
// `rankwise sweep run` and `sweep resume`: has every task done that is not.

#include <functional>
#include <string>
#include <vector>

#include "jobs/run/job.hpp"
#include "jobs/sweep/state/settings.hpp"

namespace rankwise {

struct SweepRunOptions {
  std::string directory;
  std::vector<std::function<void(RunSettings&)>> changes;  ///< to the settings of earlier commands
  bool resets = false;                                     ///< to the defaults, before the changes
  bool waits = false;  ///< Slurm: until the sweep is over; else a job at the end goes on
};

/// begin_or_go_on: as the sweep stands; forgive: what failed or was cancelled may be tried again.
enum class RunStart { begin_or_go_on, forgive };

/// Runs the sweep here, or hands it to Slurm; once it is over, collects. Collective over context.comm, one rank; throws
/// AgreedError.
void run_sweep(const SweepRunOptions& options, RunStart start, JobContext& context);

/// Gives tasks that failed as many tries again, and takes a cancellation back; nothing where the sweep was never run.
/// Throws Error.
void forgive_sweep(const std::string& directory);

[[nodiscard]] Job sweep_run_job();
[[nodiscard]] Job sweep_resume_job();

}  // namespace rankwise
