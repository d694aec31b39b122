#pragma once
// `rankwise sweep trial`: one task of a sweep, as its scheduler starts it.

#include <string>
#include <vector>

#include "jobs/job.hpp"
#include "jobs/sweep_plan.hpp"

namespace rankwise {

/// The root reads the plan, for all. Collective; throws AgreedError (no_input, bad_data).
[[nodiscard]] SweepPlan shared_plan(const Communicator& comm, const std::string& directory);

/// Runs a job on the ranks of `context` as its own command line would, with this run's threads and report. Collective;
/// throws AgreedError.
void run_nested(const Job& job, std::vector<std::string> arguments, JobContext& context);

/// Trains on the fold's training part, or goes on from its checkpoint, measures on what the fold leaves out and writes
/// the record; nothing to do where that is there. Collective over context.comm; throws AgreedError.
void run_trial(const std::string& directory, const std::string& task_name, JobContext& context);

[[nodiscard]] Job sweep_trial_job();

}  // namespace rankwise
