#pragma once
// `rankwise sweep collect`: what a sweep found.

#include <string>

#include "jobs/run/job.hpp"
#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// Prints the table and writes DIR/results: summary.json, trials.csv, report.html and winner.ini. Collective over
/// context.comm, one rank; throws AgreedError.
void collect_sweep(const SweepPlan& plan, const std::string& directory, JobContext& context);

[[nodiscard]] Job sweep_collect_job();

}  // namespace rankwise
