#pragma once
// Kernels of K-means over any range of a rank's points, dense or sparse.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/points.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/kmeans/centroid_sums.hpp"
#include "kernels/kmeans/nearest_centroid.hpp"

namespace rankwise {

/// Rows that a thread takes at once: large enough for the kernels' tiles, small enough to balance a team.
inline constexpr Index point_block = 1024;

/// kernels::find_nearest of local `rows`; `nearest` is theirs.
Index find_nearest(const Points& points, RowRange rows, const kernels::CentroidTable& table,
                   std::span<std::int32_t> nearest);

/// kernels::squared_distances of local `rows`, each to the centroid that `which` names.
void squared_distances(const Points& points, RowRange rows, ConstMatrixView centroids,
                       std::span<const std::int32_t> which, std::span<double> distances);

/// kernels::candidate_distances of local `rows`.
void candidate_distances(const Points& points, RowRange rows, ConstMatrixView candidates, MatrixView distances);

/// kernels::add_rows of local `rows`.
void add_rows(const Points& points, RowRange rows, std::span<const std::int32_t> clusters,
              const kernels::SumQuanta& quanta, kernels::CentroidSums& sums);

/// kernels::move_rows of local `rows`.
void move_rows(const Points& points, RowRange rows, std::span<const std::int32_t> before,
               std::span<const std::int32_t> after, const kernels::SumQuanta& quanta, kernels::CentroidSums& sums);

/// |x|^2 of local `rows`.
void squared_norms(const Points& points, RowRange rows, std::span<double> norms);

/// A local row as a dense padded row.
void copy_row(const Points& points, Index row, float* out);

/// Some local rows as points of their own, numbered in rank order. Collective over comm.
[[nodiscard]] Points select_rows(const Communicator& comm, const Points& points, std::span<const Index> local_rows);

/// Numbers that a local row has, on average.
[[nodiscard]] double row_terms(const Points& points);

/// Calls body(rows) for every block of local rows, shared out among threads if the work is worth it: `row_operations`
/// for a row, as team_size() counts them.
template <class Body>
void for_each_point_block(const Points& points, double row_operations, const Body& body) {
  const bool is_one_block = points.mine.size() <= point_block;
  const int threads = is_one_block ? 1 : team_size(static_cast<double>(points.mine.size()) * row_operations);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (Index begin = 0; begin < points.mine.size(); begin += point_block) {
    body(RowRange{begin, std::min(begin + point_block, points.mine.size())});
  }
}

}  // namespace rankwise
