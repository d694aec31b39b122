#pragma once
// What a campaign brought.

#include "jobs/campaign/measure/measure_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Collective over context.comm.
void measure_campaigns(const MeasureOptions& options, JobContext& context);

[[nodiscard]] Job campaign_measure_job();

}  // namespace rankwise
