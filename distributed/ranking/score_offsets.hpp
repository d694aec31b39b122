#pragma once
// What belongs to predicted ratings, but orders no items.

#include <vector>

#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// mean + b_u of each user; all 0 under the implicit loss. Of factors as they are before make_scoring_vectors().
[[nodiscard]] std::vector<float> score_offsets(const Objective& objective, ConstMatrixView users);

}  // namespace rankwise
