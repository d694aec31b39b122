#pragma once
// Rows to cluster, and which of them are points: those that can belong to no cluster keep their ids, but are no points.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/points.hpp"
#include "distributed/rows/id_rows.hpp"
#include "io/points/row_origin.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows to cluster and what they are called.
struct PointSet {
  Points points;
  IdRows ids;  ///< this rank's, by Partition::by_count, in the order of the input; row numbers from 0 where it has none
  /// Of each of this rank's points its place among the ids, ascending; nothing where every row is a point.
  std::optional<std::vector<Index>> places = {};
  Index without_entries = 0;  ///< rows of a model or dataset that have no entry, and so are no points; of all ranks
  Index without_values = 0;   ///< rows of a profile without a value in some dimension, likewise
  std::vector<std::string> dimensions;  ///< names of the dimensions; empty where the input has none
  bool weighted = false;             ///< whether rows have weights; the same on every rank, even where one has no rows
  std::uint64_t dataset_digest = 0;  ///< that of the dataset behind a model or dataset, else 0
  RowOrigin origin;
  std::vector<std::string> warnings;  ///< columns of text that are left out, and why; that nothing can be compared
  std::string note;                   ///< "FILE: a model, 943 users x 32", the same on every rank
};

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
