#pragma once
// `rankwise plan`: what a run would need, before it waits in a queue.

#include "jobs/als/als_settings.hpp"
#include "jobs/planning/plan_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Plans every layout of ranks and threads, prints a table and a recommendation, and writes what was asked for. The
/// root plans and needs no other rank. Collective over context.comm; throws AgreedError.
void plan_als(const PlanOptions& options, JobContext& context);

[[nodiscard]] Job plan_job();

}  // namespace rankwise
