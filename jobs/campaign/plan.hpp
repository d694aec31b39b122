#pragma once
// The job `campaign plan`: who could get what, what it is worth, and what can be measured of it.

#include "jobs/run/job.hpp"

namespace rankwise {

[[nodiscard]] Job campaign_plan_job();

}  // namespace rankwise
