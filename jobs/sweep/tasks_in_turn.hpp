#pragma once
// Several tasks of a sweep in one program, one after the other.

#include <functional>
#include <string>
#include <vector>

#include "jobs/run/job.hpp"
#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// Calls `run`, which is collective over context.comm, for each of the tasks. Each writes to its own log and has its
/// own attempts in the scheduler's folder, as if it were an item of the scheduler; what one throws is told in its log
/// and noted as its end, and the next begins. Throws AgreedError(stopped_early) after a task that did.
void run_in_turn(const std::string& directory, const std::vector<const SweepTask*>& tasks, JobContext& context,
                 const std::function<void(const SweepTask& task, JobContext& context)>& run);

}  // namespace rankwise
