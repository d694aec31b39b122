#pragma once
// `rankwise synthesize`: writes a planted log.

#include "jobs/run/job.hpp"

namespace rankwise {

[[nodiscard]] Job synthesize_job();

}  // namespace rankwise
