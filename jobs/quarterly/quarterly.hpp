#pragma once
// `rankwise quarterly`: all jobs of a quarter, from logs to segments, from one file.

#include "jobs/run/job.hpp"

namespace rankwise {

[[nodiscard]] Job quarterly_job();
[[nodiscard]] Job quarterly_status_job();
[[nodiscard]] Job quarterly_cancel_job();

}  // namespace rankwise
