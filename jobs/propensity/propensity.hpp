#pragma once
// The job `propensity`: profile + what followed -> who buys next, scores, and whether they come true.

#include "jobs/propensity/propensity_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Collective over context.comm; throws AgreedError.
void predict_customers(const PropensityOptions& options, JobContext& context);

[[nodiscard]] Job propensity_job();

}  // namespace rankwise
