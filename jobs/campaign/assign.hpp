#pragma once
// The job `campaign assign`: who gets which offer, and who is held out, fixed before outcomes exist.

#include "jobs/run/job.hpp"

namespace rankwise {

[[nodiscard]] Job campaign_assign_job();

}  // namespace rankwise
