#pragma once
// `rankwise sweep trial`: tasks of a sweep, as its scheduler starts them.

#include <string>
#include <vector>

#include "jobs/run/job.hpp"

namespace rankwise {

/// Each task as run_task() does it. Of tasks that share their program each has its own log and end
/// (tasks_in_turn.hpp). Collective over context.comm; throws AgreedError.
void run_trials(const std::string& directory, const std::vector<std::string>& task_names, JobContext& context);

[[nodiscard]] Job sweep_trial_job();

}  // namespace rankwise
