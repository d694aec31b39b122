#pragma once
// `rankwise inspect`: what a file holds.

#include "jobs/run/job.hpp"

namespace rankwise {

[[nodiscard]] Job inspect_job();

}  // namespace rankwise
