#pragma once
// Centroids in groups of a few that lie near one another, so that one bound may rule out a whole group.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// Centroids of a group: as many lanes as a line has.
inline constexpr Index group_centroids = line_floats;

/// The centroids' numbers, reordered so that each run of group_centroids lies close together, and neighbouring runs
/// closer than distant ones: halved again and again across the line between two far ones, at multiples of the group.
/// The same for the same centroids.
[[nodiscard]] std::vector<std::int32_t> order_by_nearness(ConstMatrixView centroids);

/// Centroids packed by group, a lane each, in an order that stays while they move.
class CentroidGroups {
 public:
  /// Lanes beyond the last centroid have starts of -infinity and never win.
  CentroidGroups(ConstMatrixView centroids, std::span<const std::int32_t> order);

  [[nodiscard]] Index groups() const { return starts_.rows(); }
  /// Centroids of a group: all lanes, but for the last group's.
  [[nodiscard]] Index size(Index group) const {
    return std::min(group_centroids, static_cast<Index>(order_.size()) - group * group_centroids);
  }
  /// A line of lanes per dimension.
  [[nodiscard]] const float* values(Index group) const { return values_.row(group * dimensions_); }
  /// -|c|^2 / 2, where a score begins.
  [[nodiscard]] const float* starts(Index group) const { return starts_.row(group); }
  /// The largest |c| of a group's centroids.
  [[nodiscard]] double largest_norm(Index group) const { return largest_norms_[static_cast<std::size_t>(group)]; }
  /// Group * group_centroids + lane of a centroid.
  [[nodiscard]] Index place(std::int32_t centroid) const { return places_[static_cast<std::size_t>(centroid)]; }
  [[nodiscard]] std::int32_t centroid_at(Index place) const { return order_[static_cast<std::size_t>(place)]; }

 private:
  Index dimensions_;
  Matrix values_;
  Matrix starts_;
  std::span<const std::int32_t> order_;
  std::vector<Index> places_;
  std::vector<double> largest_norms_;
};

}  // namespace rankwise::kernels
