// Blocks of dense rows, transposed: lanes are rows. Included once per SIMD target.

#if defined(RANKWISE_KERNELS_ROW_BLOCK_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_ROW_BLOCK_INL_HPP
#undef RANKWISE_KERNELS_ROW_BLOCK_INL_HPP
#else
#define RANKWISE_KERNELS_ROW_BLOCK_INL_HPP
#endif

#include <algorithm>

#include <hwy/highway.h>

#include "kernels/dense/symmetric_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int block_vectors = 3;
/// Rows of a block: a line of block_rows floats per dimension.
constexpr Index block_rows = block_vectors * vector_floats;

#if HWY_TARGET == HWY_SCALAR

/// Transposes one row into block[0], block[block_rows], ... and returns its squared norm.
HWY_INLINE FloatVector transpose_rows(ConstMatrixView rows, float least_square, float* HWY_RESTRICT block) {
  const FloatTag d;
  FloatVector squares = hn::Set(d, least_square);
  for (Index c = 0; c < rows.columns; ++c) {
    const FloatVector column = hn::Load(d, rows.data + c);
    hn::Store(column, d, block + c * block_rows);
    squares = hn::MulAdd(column, column, squares);
  }
  return squares;
}

#else

/// Four columns of every fourth row: 128-bit block b of the vector holds those of row 4 b.
template <class Tag>
HWY_INLINE hn::Vec<Tag> load_quads(Tag d, const float* row, Index stride) {
  if constexpr (hn::MaxLanes(Tag()) <= 4) {
    return hn::LoadU(d, row);
  } else {
    constexpr auto half_lanes = static_cast<Index>(hn::MaxLanes(Tag()) / 2);
    const hn::Half<Tag> half;
    return hn::Combine(d, load_quads(half, row + half_lanes * stride, stride), load_quads(half, row, stride));
  }
}

/// Transposes vector_floats rows (fewer rows: the last one repeated) into columns block[0], block[block_rows], ... and
/// returns their squared norms, which begin at `least_square`.
HWY_INLINE FloatVector transpose_rows(ConstMatrixView rows, float least_square, float* HWY_RESTRICT block) {
  const FloatTag d;
  FloatVector squares[4] = {hn::Set(d, least_square), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  const Index stride = rows.stride;
  for (Index c = 0; c < rows.columns; c += 4) {
    const float* first = rows.data + c;
    const FloatVector row0 = load_quads(d, first, stride);
    const FloatVector row1 = load_quads(d, first + stride, stride);
    const FloatVector row2 = load_quads(d, first + 2 * stride, stride);
    const FloatVector row3 = load_quads(d, first + 3 * stride, stride);
    const FloatVector even_low = hn::InterleaveLower(d, row0, row2);
    const FloatVector even_high = hn::InterleaveUpper(d, row0, row2);
    const FloatVector odd_low = hn::InterleaveLower(d, row1, row3);
    const FloatVector odd_high = hn::InterleaveUpper(d, row1, row3);
    const FloatVector columns[4] = {
        hn::InterleaveLower(d, even_low, odd_low), hn::InterleaveUpper(d, even_low, odd_low),
        hn::InterleaveLower(d, even_high, odd_high), hn::InterleaveUpper(d, even_high, odd_high)};
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      hn::Store(columns[i], d, block + (c + i) * block_rows);
      squares[i] = hn::MulAdd(columns[i], columns[i], squares[i]);
    }
  }
  return hn::Add(hn::Add(squares[0], squares[1]), hn::Add(squares[2], squares[3]));
}

#endif

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
