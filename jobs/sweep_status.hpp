#pragma once
// `rankwise sweep status` and `sweep cancel`.

#include "jobs/job.hpp"

namespace rankwise {

[[nodiscard]] Job sweep_status_job();
[[nodiscard]] Job sweep_cancel_job();

}  // namespace rankwise
