#pragma once
// The nearest centroid of rows that were assigned before, without most of the distances: bounds rule out whole groups
// of centroids (Ding et al., "Yinyang K-means", ICML 2015).

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kmeans/centroid_groups.hpp"
#include "kernels/kmeans/nearest_centroid.hpp"

namespace rankwise::kernels {

/// Groups in runs: one bound stands for `groups_per_bound` groups.
struct BoundLayout {
  Index groups = 0;
  Index groups_per_bound = 1;
  [[nodiscard]] Index bounds() const { return (groups + groups_per_bound - 1) / groups_per_bound; }
  [[nodiscard]] Index bound_of(Index place) const { return place / group_centroids / groups_per_bound; }
};

/// How far centroids moved since the rows were searched last, rounded up.
struct GroupShifts {
  std::vector<float> own;  ///< per centroid
  std::vector<float>
      farthest;  ///< per bound, whole lines, the last ones zero: the most that one of its centroids moved
};

/// Of some rows; rounding only widens them. `others_at_least` has a column per bound, whole lines, infinite beyond the
/// last: the row is at least so far from every centroid of these groups but its own.
struct GroupBounds {
  std::span<float> own_at_most;
  MatrixView others_at_least;
};

struct GroupedSearch {
  Index passed_over = 0;    ///< rows whose bounds left no doubt
  Index scored = 0;         ///< pairs of a row and a group
  Index decided_twice = 0;  ///< rows decided in double
};

/// nearest[r], which holds the row's centroid so far (-1: none), becomes the nearest one, ties to the lowest: what
/// find_nearest finds. Bounds follow the shifts, and are renewed where rows are searched. At most max_search_rows rows.
inline constexpr Index max_search_rows = 1024;
GroupedSearch find_nearest(ConstMatrixView rows, const CentroidTable& table, const CentroidGroups& groups,
                           const BoundLayout& layout, const GroupShifts& shifts, const GroupBounds& bounds,
                           std::span<std::int32_t> nearest);

}  // namespace rankwise::kernels
