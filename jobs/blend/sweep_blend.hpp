#pragma once
// `rankwise sweep blend`: the weights by which several models make the best lists of the validation part.

#include "jobs/run/job.hpp"

namespace rankwise {

[[nodiscard]] Job sweep_blend_job();

}  // namespace rankwise
