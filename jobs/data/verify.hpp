#pragma once
// `rankwise verify`: whether files still hold what was written.

#include "jobs/run/job.hpp"

namespace rankwise {

[[nodiscard]] Job verify_job();

}  // namespace rankwise
