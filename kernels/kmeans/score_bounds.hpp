#pragma once
// Bounds of distances from scores <x, c> - |c|^2 / 2, whose rounding errors CentroidTable::Packed::gap_bound covers.
// Shared by the searches for nearest centroids.

#include <algorithm>
#include <cmath>

#include "kernels/base/types.hpp"

namespace rankwise::kernels {

/// |x|^2 of a row, less and more what rounding may have done to it and to twice a score.
struct ScoreBounds {
  float low;
  float high;

  /// `gap_bound` holds for the row and the centroids whose scores are asked for: it is twice what a score may be off.
  ScoreBounds(float squares, float gap_bound, Index dimensions) {
    // The sum's own roundings, and the two below.
    const float error = (gap_bound + static_cast<float>(dimensions + 8) * 0x1p-23F * squares) * (1 + 0x1p-20F);
    low = squares - error;
    high = squares + error;
  }
  // Subtraction and root round once each, which the last factors cover.
  /// The distance to a centroid of this score is at most so much,
  [[nodiscard]] float at_most(float score) const {
    return std::sqrt(std::max(high - 2 * score, 0.0F)) * (1 + 0x1p-20F);
  }
  /// and at least so much.
  [[nodiscard]] float at_least(float score) const {
    return std::sqrt(std::max(low - 2 * score, 0.0F)) * (1 - 0x1p-20F);
  }
};

}  // namespace rankwise::kernels
