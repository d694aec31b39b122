#include "distributed/kmeans/nearest_search.hpp"

#include <cmath>

#include "kernels/kmeans/squared_distance.hpp"

namespace rankwise {

std::vector<float> centroid_shifts(ConstMatrixView before, ConstMatrixView after) {
  std::vector<float> shifts;
  for (Index k = 0; k < before.rows; ++k) {
    const double squared = kernels::squared_distance(before.row(k), after.row(k), before.stride);
    shifts.push_back(static_cast<float>(std::sqrt(squared)) * (1 + 0x1p-20F));
  }
  return shifts;
}

}  // namespace rankwise
