#pragma once
// Rows that can belong to no cluster: they keep their ids, but are no points.

#include <cstdint>
#include <span>
#include <vector>

#include "io/points/points_file.hpp"

namespace rankwise {

/// Takes some of this rank's points out of the set; `points` are local, ascending. Returns how many that are on all
/// ranks. Collective over comm.
Index leave_out(const Communicator& comm, PointSet& set, std::span<const Index> points);

/// A value for each of this rank's ids: its point's, or `none` where it is no point.
template <class T>
[[nodiscard]] std::vector<T> at_ids(const PointSet& set, std::vector<T> of_points, T none) {
  if (!set.places) return of_points;
  std::vector<T> values(static_cast<std::size_t>(set.ids.rows.size()), none);
  for (std::size_t p = 0; p < of_points.size(); ++p) values[static_cast<std::size_t>((*set.places)[p])] = of_points[p];
  return values;
}

}  // namespace rankwise
