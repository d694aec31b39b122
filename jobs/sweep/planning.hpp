#pragma once
// `rankwise sweep plan`: from a space, a search and folds to a sweep's directory.

#include <memory>

#include "jobs/run/job.hpp"
#include "jobs/sweep/planned_sweep.hpp"

namespace rankwise {

/// Adds all options of the job, and returns what runs it; `options` gets their values.
[[nodiscard]] RunJob describe_sweep_plan(boost::program_options::options_description& description,
                                         const std::shared_ptr<SweepPlanOptions>& options);
[[nodiscard]] Job sweep_plan_job();

}  // namespace rankwise
