#pragma once
// How far centroids move from one iteration to the next, by which bounds of distances have to follow.

#include <vector>

#include "kernels/base/matrix.hpp"

namespace rankwise {

/// Distances between a centroid before and after, rounded up.
[[nodiscard]] std::vector<float> centroid_shifts(ConstMatrixView before, ConstMatrixView after);

}  // namespace rankwise
