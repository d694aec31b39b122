#pragma once
// The job `demand`: dataset with orders -> what is bought in the next weeks, by category and segment.

#include "jobs/demand/demand_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Collective over context.comm; throws AgreedError.
void forecast_demand(const DemandOptions& options, JobContext& context);

[[nodiscard]] Job demand_job();

}  // namespace rankwise
