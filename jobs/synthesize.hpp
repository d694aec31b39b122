#pragma once
// `rankwise synthesize`: writes a planted log.

#include "jobs/job.hpp"

namespace rankwise {

[[nodiscard]] Job synthesize_job();

}  // namespace rankwise
