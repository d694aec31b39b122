#include "kernels/kmeans/candidate_distances.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/kmeans/candidate_distances.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/dense/row_block-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// kCandidates candidates from `first` against one vector of rows, whose columns begin at `columns`; lanes are rows.
/// Asks for a line of `upcoming` rows per dimension, which is as many as a vector of rows has.
template <int kCandidates>
HWY_NOINLINE void distance_tile(const float* HWY_RESTRICT columns, const float* upcoming, ConstMatrixView candidates,
                                Index first, MatrixView distances, Index at) {
  const FloatTag d;
  FloatVector sums[kCandidates];
  const float* values[kCandidates];
#pragma GCC unroll 8
  for (int t = 0; t < kCandidates; ++t) {
    sums[t] = hn::Zero(d);
    values[t] = candidates.row(first + t);
  }
  for (Index j = 0; j < candidates.columns; ++j) {
    hwy::Prefetch(upcoming + j * vector_floats);
    const FloatVector x = hn::Load(d, columns);
#pragma GCC unroll 8
    for (int t = 0; t < kCandidates; ++t) {
      const FloatVector difference = hn::Sub(x, hn::Set(d, values[t][j]));
      sums[t] = hn::MulAdd(difference, difference, sums[t]);
    }
    columns += block_rows;
  }
#pragma GCC unroll 8
  for (int t = 0; t < kCandidates; ++t) hn::Store(sums[t], d, distances.row(first + t) + at);
}

void candidate_distances(ConstMatrixView rows, ConstMatrixView candidates, MatrixView distances) {
  Matrix columns(1, padded_columns(rows.columns) * block_rows);
  Matrix last_rows(vector_floats, rows.columns);
  for (Index first = 0; first < rows.rows; first += vector_floats) {
    const Index size = std::min(vector_floats, rows.rows - first);
    ConstMatrixView strip = rows.middle_rows(first, size);
    if (size < vector_floats) {
      for (Index r = 0; r < size; ++r) std::ranges::copy(strip.row_span(r), last_rows.row(r));
      strip = last_rows.view();
    }
    transpose_rows(strip, 0.0F, columns.row(0));
    const float* upcoming = rows.row(std::min(first + 2 * vector_floats, rows.rows - 1));
    Index t = 0;
    for (; t + 8 <= candidates.rows; t += 8)
      distance_tile<8>(columns.row(0), upcoming, candidates, t, distances, first);
    for (; t + 4 <= candidates.rows; t += 4)
      distance_tile<4>(columns.row(0), upcoming, candidates, t, distances, first);
    for (; t < candidates.rows; ++t) distance_tile<1>(columns.row(0), upcoming, candidates, t, distances, first);
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(candidate_distances);

void candidate_distances(ConstMatrixView rows, ConstMatrixView candidates, MatrixView distances) {
  HWY_DYNAMIC_DISPATCH(candidate_distances)(rows, candidates, distances);
}

}  // namespace rankwise::kernels
#endif
