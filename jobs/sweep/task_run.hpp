#pragma once
// One task of a sweep: a training on a fold as far as a rung, measured and recorded.

#include <string>

#include "jobs/run/job.hpp"
#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// Trains on the fold's training part, or continues from the task's checkpoint, measures on what the fold leaves out
/// and writes the record; nothing to do if that is there. `begin_seconds`: since 1970, of the run. Collective over
/// context.comm; throws AgreedError.
void run_task(const SweepPlan& plan, const std::string& directory, const SweepTask& task, double begin_seconds,
              JobContext& context);

}  // namespace rankwise
