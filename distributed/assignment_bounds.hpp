#pragma once
// Bounds that prove, without its distances, that a row's nearest centroid is still the one it was (Hamerly, "Making
// k-means even faster", SDM 2010).

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/matrix.hpp"
#include "kernels/nearest_centroid.hpp"

namespace rankwise {

/// How far centroids moved.
struct CentroidShifts {
  std::vector<float> shifts;     ///< rounded up
  std::int32_t farthest = 0;     ///< the centroid that moved most
  float farthest_of_others = 0;  ///< the most that any other moved

  explicit CentroidShifts(Index clusters) : shifts(static_cast<std::size_t>(clusters)) {}
  CentroidShifts(ConstMatrixView before, ConstMatrixView after);

  /// The most that any centroid but `own` moved.
  [[nodiscard]] float most_but(std::int32_t own) const {
    return own == farthest ? farthest_of_others : shifts[static_cast<std::size_t>(farthest)];
  }
};

/// For each local row: it is at most so far from its own centroid, and at least so far from all others. Rounding always
/// widens them.
class AssignmentBounds {
 public:
  explicit AssignmentBounds(Index rows);

  /// Follows the centroids' shifts for local row `row` of cluster `own`. Returns whether it provably stays there: its
  /// own centroid is nearer than any other, not just as near.
  bool follow(Index row, std::int32_t own, const CentroidShifts& shifts) {
    constexpr float up = 1 + 0x1p-20F;
    constexpr float down = 1 - 0x1p-20F;
    float& near = own_at_most_[static_cast<std::size_t>(row)];
    float& far = others_at_least_[static_cast<std::size_t>(row)];
    near = (near + shifts.shifts[static_cast<std::size_t>(own)]) * up;
    far = (far - shifts.most_but(own)) * (far > 0 ? down : up);
    return near < far;
  }

  /// Nothing is known of the row any more.
  void forget(Index row);

  /// Where kernels::find_nearest puts the bounds of `rows`.
  [[nodiscard]] kernels::DistanceBounds of(RowRange rows);

 private:
  std::vector<float> own_at_most_;
  std::vector<float> others_at_least_;
};

}  // namespace rankwise
