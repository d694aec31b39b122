// Rows times a small square matrix: rotations into an eigenbasis and back. Included once per SIMD target.

#if defined(RANKWISE_KERNELS_ROW_PRODUCT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_ROW_PRODUCT_INL_HPP
#undef RANKWISE_KERNELS_ROW_PRODUCT_INL_HPP
#else
#define RANKWISE_KERNELS_ROW_PRODUCT_INL_HPP
#endif

#include <hwy/highway.h>

#include "kernels/base/matrix.hpp"
#include "kernels/dense/symmetric_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// kVectors vectors of tile_rows products from `column` on: each element sums over ascending j.
template <int kVectors>
HWY_INLINE void multiply_tile(const float* const (&rows)[tile_rows], ConstMatrixView matrix, Index column,
                              float* const* outputs, Index output_rows) {
  const FloatTag d;
  FloatVector sums[tile_rows][kVectors];
  for (auto& sum_row : sums) {
    for (auto& sum : sum_row) sum = hn::Zero(d);
  }
  const float* HWY_RESTRICT right = matrix.data + column;
  for (Index j = 0; j < matrix.rows; ++j) {
    FloatVector columns[kVectors];
    for (int v = 0; v < kVectors; ++v) columns[v] = hn::Load(d, right + v * vector_floats);
    for (int r = 0; r < tile_rows; ++r) {
      const FloatVector factor = hn::Set(d, rows[r][j]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(factor, columns[v], sums[r][v]);
    }
    right += matrix.stride;
  }
  for (int r = 0; r < tile_rows; ++r) {
    if (r >= output_rows) break;
    for (int v = 0; v < kVectors; ++v) hn::Store(sums[r][v], d, outputs[r] + column + v * vector_floats);
  }
}

/// outputs[r] = rows[r] * matrix for `count` rows; `matrix` is square, padded with zeros, and outputs are padded rows.
/// No output may be an input.
HWY_INLINE void multiply_rows(const float* const* rows, Index count, ConstMatrixView matrix, float* const* outputs) {
  const Index width = padded_columns(matrix.columns);
  for (Index first = 0; first < count; first += tile_rows) {
    const Index used = std::min<Index>(tile_rows, count - first);
    const float* tile[tile_rows];
    for (Index r = 0; r < tile_rows; ++r) tile[r] = rows[first + std::min(r, used - 1)];
    for (Index column = 0; column < width;) {
      const Index columns = slab_columns(column, width);
      switch (columns / vector_floats) {
        case 3:
          multiply_tile<3>(tile, matrix, column, outputs + first, used);
          break;
        case 2:
          multiply_tile<2>(tile, matrix, column, outputs + first, used);
          break;
        default:
          multiply_tile<1>(tile, matrix, column, outputs + first, used);
      }
      column += columns;
    }
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
