// Cholesky factorization and triangular solves of one small symmetric system. Included once per SIMD target.

#if defined(RANKWISE_KERNELS_CHOLESKY_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_CHOLESKY_INL_HPP
#undef RANKWISE_KERNELS_CHOLESKY_INL_HPP
#else
#define RANKWISE_KERNELS_CHOLESKY_INL_HPP
#endif

#include <cmath>

#include <hwy/highway.h>

#include "kernels/row_workspace.hpp"
#include "kernels/symmetric_tiles-inl.hpp"
#include "kernels/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// c - a * b with the rounding of the target's vectors.
HWY_INLINE float scalar_neg_mul_add(float a, float b, float c) {
  const hn::CappedTag<float, 1> d;
  return hn::GetLane(hn::NegMulAdd(hn::Set(d, a), hn::Set(d, b), hn::Set(d, c)));
}

/// Vectors that hold a panel's diagonal block.
constexpr int diagonal_vectors = static_cast<int>(strip_columns / vector_floats);

/// A panel's own tile_rows x tile_rows block, after the rows above it are taken off: upper(r, c) and 1 / upper(r, r).
struct DiagonalBlock {
  float upper[tile_rows][tile_rows];
  float inverse[tile_rows];
};

/// Factors the block in place; false at a pivot that is not a positive finite number.
HWY_INLINE bool factor_diagonal_block(DiagonalBlock& block) {
  for (int r = 0; r < tile_rows; ++r) {
    const float pivot = block.upper[r][r];
    if (!(pivot > 0.0F) || !std::isfinite(pivot)) return false;
    const float inverse = 1.0F / std::sqrt(pivot);
    block.inverse[r] = inverse;
    for (int c = r; c < tile_rows; ++c) block.upper[r][c] *= inverse;
    for (int below = r + 1; below < tile_rows; ++below) {
      for (int c = below; c < tile_rows; ++c) {
        block.upper[below][c] = scalar_neg_mul_add(block.upper[r][below], block.upper[r][c], block.upper[below][c]);
      }
    }
  }
  return true;
}

/// sums[r][v] -= u[p][row + r] * u[p][column + v] for the finished rows p < row, ascending.
template <int kVectors>
HWY_INLINE void subtract_finished_rows(const float* u, Index stride, Index row, Index column,
                                       FloatVector (&sums)[tile_rows][kVectors]) {
  const FloatTag d;
  for (Index p = 0; p < row; ++p) {
    const float* HWY_RESTRICT finished = u + p * stride;
    FloatVector columns[kVectors];
    for (int v = 0; v < kVectors; ++v) columns[v] = hn::Load(d, finished + column + v * vector_floats);
    for (int r = 0; r < tile_rows; ++r) {
      const FloatVector left = hn::Set(d, finished[row + r]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::NegMulAdd(left, columns[v], sums[r][v]);
    }
  }
}

template <int kVectors>
HWY_INLINE void load_tile(const float* place, Index stride, FloatVector (&tile)[tile_rows][kVectors]) {
  for (int r = 0; r < tile_rows; ++r) {
    for (int v = 0; v < kVectors; ++v) tile[r][v] = hn::Load(FloatTag(), place + r * stride + v * vector_floats);
  }
}

template <int kVectors>
HWY_INLINE void store_tile_row(const FloatVector (&row)[kVectors], float* place) {
  for (int v = 0; v < kVectors; ++v) hn::Store(row[v], FloatTag(), place + v * vector_floats);
}

/// Finishes tile_rows rows of U over kVectors vectors of columns: takes off the rows above, then solves with the
/// panel's diagonal block, all in registers.
template <int kVectors>
HWY_INLINE void finish_panel_tile(float* u, Index stride, Index row, Index column, const DiagonalBlock& block) {
  const FloatTag d;
  FloatVector tile[tile_rows][kVectors];
  float* place = u + row * stride + column;
  load_tile<kVectors>(place, stride, tile);
  subtract_finished_rows<kVectors>(u, stride, row, column, tile);
  for (int r = 0; r < tile_rows; ++r) {
    const FloatVector inverse = hn::Set(d, block.inverse[r]);
    for (int v = 0; v < kVectors; ++v) tile[r][v] = hn::Mul(tile[r][v], inverse);
    for (int below = r + 1; below < tile_rows; ++below) {
      const FloatVector left = hn::Set(d, block.upper[r][below]);
      for (int v = 0; v < kVectors; ++v) tile[below][v] = hn::NegMulAdd(left, tile[r][v], tile[below][v]);
    }
  }
  for (int r = 0; r < tile_rows; ++r) store_tile_row<kVectors>(tile[r], place + r * stride);
}

/// A = U^T U in place, upper half, `width` rows by panels of tile_rows. `a` is padded_width square with zero padding
/// and ones on the padding's diagonal; `inverse_diagonal` takes 1 / U(r, r). Left of the diagonal each finished row is
/// zero back to the multiple of 16 before it, as lane_dot wants. Returns false when A is not positive definite.
HWY_INLINE bool factor_cholesky(float* a, Index stride, Index width, Index padded_width, float* inverse_diagonal) {
  for (Index row = 0; row < width; row += tile_rows) {
    const Index first_vector = row / vector_floats * vector_floats;
    // 1. The panel's diagonal block.
    FloatVector tile[tile_rows][diagonal_vectors];
    load_tile<diagonal_vectors>(a + row * stride + first_vector, stride, tile);
    subtract_finished_rows<diagonal_vectors>(a, stride, row, first_vector, tile);
    DiagonalBlock block;
    for (int r = 0; r < tile_rows; ++r) {
      HWY_ALIGN float line[strip_columns];
      store_tile_row<diagonal_vectors>(tile[r], line);
      for (int c = 0; c < tile_rows; ++c) block.upper[r][c] = line[row - first_vector + c];
    }
    if (!factor_diagonal_block(block)) return false;
    // 2. The panel's rows to the right of it.
    for (Index column = first_vector; column < padded_width;) {
      const Index columns = slab_columns(column, padded_width);
      switch (columns / vector_floats) {
        case 3:
          finish_panel_tile<3>(a, stride, row, column, block);
          break;
        case 2:
          finish_panel_tile<2>(a, stride, row, column, block);
          break;
        default:
          finish_panel_tile<1>(a, stride, row, column, block);
      }
      column += columns;
    }
    // 3. The factored block itself, with zeros to its left.
    for (int r = 0; r < tile_rows; ++r) {
      float* u = a + (row + r) * stride;
      for (Index c = (row + r) / virtual_lanes * virtual_lanes; c < row + r; ++c) u[c] = 0.0F;
      for (int c = r; c < tile_rows; ++c) u[row + c] = block.upper[r][c];
      inverse_diagonal[row + r] = block.inverse[r];
    }
  }
  return true;
}

/// x = A^-1 b in place for the factor above; `x` has padded_width floats, zero padding.
HWY_INLINE void solve_cholesky(const float* u, Index stride, Index width, Index padded_width,
                               const float* inverse_diagonal, float* HWY_RESTRICT x) {
  const FloatTag d;
  // U^T z = b: each finished z is taken off all later elements at once (vectorized across outputs).
  for (Index r = 0; r < width; ++r) {
    const float z = x[r] * inverse_diagonal[r];
    const FloatVector zs = hn::Set(d, z);
    const float* HWY_RESTRICT row = u + r * stride;
    for (Index c = r / vector_floats * vector_floats; c < padded_width; c += vector_floats) {
      hn::Store(hn::NegMulAdd(zs, hn::Load(d, row + c), hn::Load(d, x + c)), d, x + c);
    }
    x[r] = z;
  }
  // U x = z, from the last row up. The lanes at and left of the diagonal meet zeros: x[c] of unfinished rows is kept
  // apart.
  HWY_ALIGN float z_block[virtual_lanes];
  for (Index block = (width - 1) / virtual_lanes * virtual_lanes; block >= 0; block -= virtual_lanes) {
    for (Index l = 0; l < virtual_lanes; ++l) {
      z_block[l] = x[block + l];
      x[block + l] = 0.0F;
    }
    for (Index r = std::min(block + virtual_lanes, width) - 1; r >= block; --r) {
      x[r] = (z_block[r - block] - lane_dot(u + r * stride, x, block, padded_width)) * inverse_diagonal[r];
    }
  }
}

/// Factors and solves workspace.system, workspace.rhs() in place.
HWY_INLINE bool factor_and_solve(RowWorkspace& workspace) {
  float* a = workspace.system.row(0);
  const Index stride = workspace.system.stride();
  for (Index r = workspace.width; r < workspace.padded_width; ++r) a[r * stride + r] = 1.0F;
  if (!factor_cholesky(a, stride, workspace.width, workspace.padded_width, workspace.inverse_diagonal())) return false;
  solve_cholesky(a, stride, workspace.width, workspace.padded_width, workspace.inverse_diagonal(), workspace.rhs());
  return true;
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
