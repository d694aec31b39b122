#pragma once
// `rankwise sweep trial`: tasks of a sweep, as its scheduler starts them.

#include <string>
#include <vector>

#include "jobs/run/job.hpp"
#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// The root reads the plan, for all; as read_plan_of_tasks(), or, where no tasks are named, as read_plan(). Collective;
/// throws AgreedError (no_input, bad_data).
[[nodiscard]] SweepPlan shared_plan(const Communicator& comm, const std::string& directory,
                                    const std::vector<std::string>& tasks);

/// Runs a job on the ranks of `context` as its own command line would, with this run's threads and report. Collective;
/// throws AgreedError.
void run_nested(const Job& job, std::vector<std::string> arguments, JobContext& context);

/// Each task trains on its fold's training part, or continues from its checkpoint, measures on what the fold leaves out
/// and writes the record; nothing to do where that is there. Of tasks that share their program each has its own log and
/// end (tasks_in_turn.hpp). Collective over context.comm; throws AgreedError.
void run_trials(const std::string& directory, const std::vector<std::string>& task_names, JobContext& context);

/// What trainings in the sweep's folder are given of its settings: --lock. Collective.
[[nodiscard]] std::vector<std::string> locking_arguments(const Communicator& comm, const std::string& directory);

[[nodiscard]] Job sweep_trial_job();

}  // namespace rankwise
