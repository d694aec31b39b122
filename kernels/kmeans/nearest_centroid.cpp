#include "kernels/kmeans/nearest_centroid.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/kmeans/nearest_centroid.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/dense/row_block-inl.hpp"
#include "kernels/kmeans/centroid_scores-inl.hpp"
#include "kernels/kmeans/score_bounds.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using IndexTag = hn::RebindToSigned<FloatTag>;

/// A block of rows on its way past the centroids: its columns, and what is known of each row.
struct RowBlock {
  explicit RowBlock(Index dimensions) : columns(1, padded_columns(dimensions) * block_rows) {}
  Matrix columns;                         ///< a line of block_rows floats per dimension
  const float* upcoming = nullptr;        ///< the next block's rows, which the first tile asks for
  alignas(64) float squares[block_rows];  ///< |x|^2
  alignas(64) float bounds[block_rows];   ///< of what rounding may do to the difference of two scores
  alignas(64) float best[block_rows];
  alignas(64) float second[block_rows];
  alignas(64) std::int32_t nearest[block_rows];
};

/// Scores of kVectors vectors of rows, from `row` of the block, for kCentroids centroids from `first`. Lanes are rows,
/// so that centroids are met in ascending order and an equal score later on changes nothing.
template <int kCentroids, int kVectors>
HWY_NOINLINE void score_tile(const CentroidTable::Packed& table, Index first, Index row, RowBlock& block) {
  const FloatTag d;
  const IndexTag di;
  FloatVector sums[kCentroids][kVectors];
#pragma GCC unroll 8
  for (int c = 0; c < kCentroids; ++c) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) sums[c][v] = hn::Set(d, table.starts.row(0)[first + c]);
  }
  const float* HWY_RESTRICT columns = block.columns.row(0) + row;
  const float* HWY_RESTRICT centroids = table.by_dimension.row(0) + first;
  const Index stride = table.by_dimension.stride();
  const float* upcoming = block.upcoming;
  const Index upcoming_step = first == 0 ? kVectors * line_floats : 0;
  for (Index j = table.centroids.columns(); j > 0; --j) {
    FloatVector x[kVectors];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) x[v] = hn::Load(d, columns + v * vector_floats);
#pragma GCC unroll 8
    for (int c = 0; c < kCentroids; ++c) {
      const FloatVector factor = hn::Set(d, centroids[c]);
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) sums[c][v] = hn::MulAdd(factor, x[v], sums[c][v]);
    }
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) __builtin_prefetch(upcoming + v * line_floats, 0, 2);
    upcoming += upcoming_step;
    columns += block_rows;
    centroids += stride;
  }
#pragma GCC unroll 3
  for (int v = 0; v < kVectors; ++v) {
    const Index at = row + v * vector_floats;
    FloatVector best = hn::Load(d, block.best + at);
    FloatVector second = hn::Load(d, block.second + at);
    auto nearest = hn::Load(di, block.nearest + at);
#pragma GCC unroll 8
    for (int c = 0; c < kCentroids; ++c) {
      const auto better = hn::Gt(sums[c][v], best);
      second = hn::Max(second, hn::Min(sums[c][v], best));
      best = hn::IfThenElse(better, sums[c][v], best);
      nearest = hn::IfThenElse(hn::RebindMask(di, better), hn::Set(di, static_cast<std::int32_t>(first) + c), nearest);
    }
    hn::Store(best, d, block.best + at);
    hn::Store(second, d, block.second + at);
    hn::Store(nearest, di, block.nearest + at);
  }
}

/// All centroids past kVectors vectors of rows.
template <int kVectors>
HWY_INLINE void score_centroids(const CentroidTable::Packed& table, Index row, RowBlock& block) {
  const Index count = table.centroids.rows();
  Index c = 0;
  for (; c + tile_rows <= count; c += tile_rows) score_tile<tile_rows, kVectors>(table, c, row, block);
  if constexpr (tile_rows > 4) {
    if (c + 4 <= count) {
      score_tile<4, kVectors>(table, c, row, block);
      c += 4;
    }
  }
  if (c + 2 <= count) {
    score_tile<2, kVectors>(table, c, row, block);
    c += 2;
  }
  if (c < count) score_tile<1, kVectors>(table, c, row, block);
}

/// Transposes the rows from `first` on, at most block_rows, into the block. Returns their number.
HWY_INLINE Index load_block(ConstMatrixView rows, Index first, const CentroidTable::Packed::ErrorBound& error,
                            Matrix& last_rows, RowBlock& block) {
  const FloatTag d;
  const Index count = std::min(block_rows, rows.rows - first);
  for (Index at = 0; at < count; at += vector_floats) {
    const Index size = std::min(vector_floats, count - at);
    ConstMatrixView strip = rows.middle_rows(first + at, size);
    if (size < vector_floats) {
      for (Index r = 0; r < size; ++r) std::ranges::copy(strip.row_span(r), last_rows.row(r));
      strip = last_rows.view();
    }
    const FloatVector squares = transpose_rows(strip, 0x1p-120F, block.columns.row(0) + at);
    hn::Store(squares, d, block.squares + at);
    hn::Store(hn::MulAdd(hn::Set(d, error.per_norm), hn::Sqrt(squares), hn::Set(d, error.base)), d, block.bounds + at);
  }
  block.upcoming = rows.row(std::min(first + block_rows, rows.rows - 1));
  return count;
}

/// Passes the block's rows by all centroids.
HWY_INLINE void score_block_rows(const CentroidTable::Packed& table, Index count, RowBlock& block) {
  std::fill_n(block.best, block_rows, -std::numeric_limits<float>::infinity());
  std::fill_n(block.second, block_rows, -std::numeric_limits<float>::infinity());
  std::fill_n(block.nearest, block_rows, 0);
  if (count > block_rows - vector_floats) return score_centroids<block_vectors>(table, 0, block);
  for (Index at = 0; at < count; at += vector_floats) score_centroids<1>(table, at, block);
}

/// Whether a row's two best scores are in the order of its distances.
HWY_INLINE bool is_clear(const RowBlock& block, Index r) {
  return block.best[r] - block.second[r] > block.bounds[r];
}

/// Calls found(row, block, r) for each row when its place r of the block has its scores.
template <class Found>
HWY_INLINE Index find_nearest_of_rows(ConstMatrixView rows, const CentroidTable& centroids, std::int32_t* nearest,
                                      const Found& found) {
  const CentroidTable::Packed& table = centroids.packed();
  const CentroidTable::Packed::ErrorBound error = table.gap_bound(rows.columns);
  RowBlock block(rows.columns);
  Matrix scores(1, padded_columns(centroids.count()));
  Matrix last_rows(vector_floats, rows.columns);
  Index rechecked = 0;
  for (Index first = 0; first < rows.rows; first += block_rows) {
    const Index count = load_block(rows, first, error, last_rows, block);
    score_block_rows(table, count, block);
    for (Index r = 0; r < count; ++r) {
      nearest[first + r] = block.nearest[r];
      found(first + r, block, r);
      if (is_clear(block, r)) continue;
      const DenseRow row{rows.row(first + r), rows.columns};
      score_row(row, table, scores.row(0));
      nearest[first + r] = nearest_candidate(row, table, scores.row(0), block.best[r], block.bounds[r]);
      ++rechecked;
    }
  }
  return rechecked;
}

Index nearest_of_dense(ConstMatrixView rows, const CentroidTable& centroids, std::int32_t* nearest) {
  return find_nearest_of_rows(rows, centroids, nearest, [](Index /*row*/, const RowBlock& /*block*/, Index /*r*/) {});
}

Index bounded_nearest_of_dense(ConstMatrixView rows, const CentroidTable& centroids, std::int32_t* nearest,
                               const DistanceBounds& bounds) {
  return find_nearest_of_rows(rows, centroids, nearest, [&](Index row, const RowBlock& block, Index r) {
    float& nearest_at_most = bounds.nearest_at_most[static_cast<std::size_t>(row)];
    float& others_at_least = bounds.others_at_least[static_cast<std::size_t>(row)];
    nearest_at_most = std::numeric_limits<float>::infinity();
    others_at_least = 0.0F;
    if (!is_clear(block, r)) return;
    const ScoreBounds distances(block.squares[r], block.bounds[r], rows.columns);
    nearest_at_most = distances.at_most(block.best[r]);
    others_at_least = distances.at_least(block.second[r]);
  });
}

Index nearest_of_sparse(const CsrBlock& matrix, RowRange rows, const CentroidTable& centroids, std::int32_t* nearest) {
  const CentroidTable::Packed& table = centroids.packed();
  Matrix scores(1, padded_columns(centroids.count()));
  Index rechecked = 0;
  for (Index r = 0; r < rows.size(); ++r) {
    const CsrRow row = matrix.row(rows.begin + r);
    score_row(row, table, scores.row(0));
    double squares = 0;
    for (const float value : row.values) squares += static_cast<double>(value) * static_cast<double>(value);
    const CentroidTable::Packed::ErrorBound error = table.gap_bound(row.size());
    const float bound = error.base + error.per_norm * static_cast<float>(std::sqrt(squares));
    const float best = best_score(scores.row(0), scores.columns());
    const Candidates candidates = find_candidates(scores.row(0), scores.columns(), best, bound);
    nearest[r] = static_cast<std::int32_t>(candidates.first);
    if (candidates.count == 1) continue;
    nearest[r] = nearest_candidate(row, table, scores.row(0), best, bound);
    ++rechecked;
  }
  return rechecked;
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(nearest_of_dense);
HWY_EXPORT(bounded_nearest_of_dense);
HWY_EXPORT(nearest_of_sparse);

Index find_nearest(ConstMatrixView rows, const CentroidTable& table, std::span<std::int32_t> nearest) {
  return HWY_DYNAMIC_DISPATCH(nearest_of_dense)(rows, table, nearest.data());
}

Index find_nearest(ConstMatrixView rows, const CentroidTable& table, std::span<std::int32_t> nearest,
                   const DistanceBounds& bounds) {
  return HWY_DYNAMIC_DISPATCH(bounded_nearest_of_dense)(rows, table, nearest.data(), bounds);
}

Index find_nearest(const CsrBlock& block, RowRange rows, const CentroidTable& table, std::span<std::int32_t> nearest) {
  return HWY_DYNAMIC_DISPATCH(nearest_of_sparse)(block, rows, table, nearest.data());
}

}  // namespace rankwise::kernels
#endif
