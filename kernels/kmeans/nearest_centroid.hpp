#pragma once
// The hot loop of K-means: for each row the nearest of K centroids, without a rows x K matrix.

#include <cstdint>
#include <span>

#include "kernels/base/csr_block.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/kmeans/centroid_table.hpp"

namespace rankwise::kernels {

/// nearest[r] = the centroid nearest to row r, ties to the lowest: exact. Scores are float, one accumulator per (row,
/// centroid), which begins at -|c|^2 / 2 and takes the dimensions in order by FMA: the same bits on every target with
/// FMA. Rows whose two best scores differ by less than the bound of their rounding errors are decided by squared
/// distances in double precision. Returns how many rows were.
Index find_nearest(ConstMatrixView rows, const CentroidTable& table, std::span<std::int32_t> nearest);

/// Per row: it is at most so far from its nearest centroid, and at least so far from every other.
struct DistanceBounds {
  std::span<float> nearest_at_most;
  std::span<float> others_at_least;
};

/// The same with bounds of the distances, which rounding only widens; those of rows decided in double say nothing.
Index find_nearest(ConstMatrixView rows, const CentroidTable& table, std::span<std::int32_t> nearest,
                   const DistanceBounds& bounds);

/// The same for `rows` of a sparse matrix whose columns are the dimensions, at a cost of entries x K; nearest[0] is the
/// first of these rows'. What is decided in double is |c|^2 / 2 - <x, c>, which needs the row's entries only.
Index find_nearest(const CsrBlock& block, RowRange rows, const CentroidTable& table, std::span<std::int32_t> nearest);

}  // namespace rankwise::kernels
