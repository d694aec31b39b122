// Cholesky factorization and triangular solves of one small symmetric system. Included once per SIMD target.

#if defined(RANKWISE_KERNELS_CHOLESKY_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_CHOLESKY_INL_HPP
#undef RANKWISE_KERNELS_CHOLESKY_INL_HPP
#else
#define RANKWISE_KERNELS_CHOLESKY_INL_HPP
#endif

#include <cmath>

#include <hwy/highway.h>

#include "kernels/dense/symmetric_system.hpp"
#include "kernels/dense/symmetric_tiles-inl.hpp"
#include "kernels/dense/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using ScalarTag = hn::CappedTag<float, 1>;

/// c - a * b with the rounding of the target's vectors.
HWY_INLINE float scalar_neg_mul_add(float a, float b, float c) {
  const ScalarTag d;
  return hn::GetLane(hn::NegMulAdd(hn::Set(d, a), hn::Set(d, b), hn::Set(d, c)));
}

/// Vectors that hold a panel's diagonal block.
constexpr int diagonal_vectors = static_cast<int>(strip_columns / vector_floats);

/// What the rows of a panel need of its diagonal block: row b takes off multiplier[r][b] times row r for r < b.
struct PanelDiagonal {
  float multiplier[tile_rows][tile_rows];
  float inverse_pivot[tile_rows];
};

/// The element at `column` of a tile's row, in all lanes; it lies in the tile's first diagonal_vectors.
template <int kVectors>
HWY_INLINE FloatVector broadcast_element(const FloatVector (&row)[kVectors], Index column) {
  if constexpr (vector_floats == 1) {
    return row[column];
  } else {
    const FloatTag d;
    const hn::RebindToSigned<FloatTag> di;
    return hn::TableLookupLanes(row[0], hn::IndicesFromVec(d, hn::Set(di, static_cast<int32_t>(column))));
  }
}

/// Eliminates the panel's own columns, which begin at `offset` of the tile, in all rows of the tile. False at a pivot
/// that is not a positive finite number.
template <int kVectors>
HWY_INLINE bool eliminate_diagonal(FloatVector (&tile)[tile_rows][kVectors], Index offset, PanelDiagonal& diagonal) {
  const FloatTag d;
  bool definite = true;
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r) {
    const FloatVector pivot = broadcast_element(tile[r], offset + r);
    const FloatVector inverse = hn::Div(hn::Set(d, 1.0F), pivot);
    definite = definite && hn::GetLane(pivot) > 0.0F && std::isfinite(hn::GetLane(pivot));
    diagonal.inverse_pivot[r] = hn::GetLane(inverse);
#pragma GCC unroll 8
    for (int below = r + 1; below < tile_rows; ++below) {
      const FloatVector multiplier = hn::Mul(broadcast_element(tile[r], offset + below), inverse);
      diagonal.multiplier[r][below] = hn::GetLane(multiplier);
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) {
        tile[below][v] = hn::NegMulAdd(multiplier, tile[r][v], tile[below][v]);
      }
    }
  }
  return definite;
}

/// The factors A = L D L^T under construction, row-major upper halves with one stride: `scaled` begins as A and becomes
/// D L^T, `unit` becomes L^T. Without square roots the chain of dependent operations is half as long as Cholesky's, and
/// with both factors at hand a row is finished by the same operations wherever panels begin.
struct Factors {
  float* scaled;
  float* unit;
  Index stride;
};

/// sums[r][v] -= unit[p][row + r] * scaled[p][column + v] for the finished rows p < row, ascending.
template <int kVectors>
HWY_INLINE void subtract_finished_rows(const Factors& factors, Index row, Index column,
                                       FloatVector (&sums)[tile_rows][kVectors]) {
  const FloatTag d;
  const float* HWY_RESTRICT left = factors.unit + row;
  const float* HWY_RESTRICT right = factors.scaled + column;
  for (Index p = 0; p < row; ++p) {
    FloatVector columns[kVectors];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) columns[v] = hn::Load(d, right + v * vector_floats);
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
      const FloatVector factor = hn::Set(d, left[r]);
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::NegMulAdd(factor, columns[v], sums[r][v]);
    }
    left += factors.stride;
    right += factors.stride;
  }
}

template <int kVectors>
HWY_INLINE void load_tile(const float* place, Index stride, FloatVector (&tile)[tile_rows][kVectors]) {
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) tile[r][v] = hn::Load(FloatTag(), place + r * stride + v * vector_floats);
  }
}

/// Stores eliminated rows into both factors.
template <int kVectors>
HWY_INLINE void store_tile(const FloatVector (&tile)[tile_rows][kVectors], const PanelDiagonal& diagonal,
                           const Factors& factors, Index place) {
  const FloatTag d;
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r) {
    const FloatVector inverse_pivot = hn::Set(d, diagonal.inverse_pivot[r]);
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) {
      const Index at = place + r * factors.stride + v * vector_floats;
      hn::Store(tile[r][v], d, factors.scaled + at);
      hn::Store(hn::Mul(tile[r][v], inverse_pivot), d, factors.unit + at);
    }
  }
}

/// Finishes tile_rows rows over kVectors vectors of columns (a function of its own for its registers' sake, as add_tile
/// is): takes off the rows above, then eliminates with the panel's
/// diagonal block, all in registers.
template <int kVectors>
HWY_NOINLINE void finish_panel_tile(const Factors& factors, Index row, Index column, const PanelDiagonal& diagonal) {
  const FloatTag d;
  FloatVector tile[tile_rows][kVectors];
  const Index place = row * factors.stride + column;
  load_tile<kVectors>(factors.scaled + place, factors.stride, tile);
  subtract_finished_rows<kVectors>(factors, row, column, tile);
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r) {
#pragma GCC unroll 8
    for (int below = r + 1; below < tile_rows; ++below) {
      const FloatVector multiplier = hn::Set(d, diagonal.multiplier[r][below]);
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) tile[below][v] = hn::NegMulAdd(multiplier, tile[r][v], tile[below][v]);
    }
  }
  store_tile<kVectors>(tile, diagonal, factors, place);
}

/// Finishes tile_rows rows over the kVectors vectors from `column` on that begin with the panel's diagonal block. False
/// when A is not positive definite.
template <int kVectors>
HWY_NOINLINE bool finish_diagonal_tile(const Factors& factors, Index row, Index column, PanelDiagonal& diagonal) {
  FloatVector tile[tile_rows][kVectors];
  const Index place = row * factors.stride + column;
  load_tile<kVectors>(factors.scaled + place, factors.stride, tile);
  subtract_finished_rows<kVectors>(factors, row, column, tile);
  if (!eliminate_diagonal<kVectors>(tile, row - column, diagonal)) return false;
  store_tile<kVectors>(tile, diagonal, factors, place);
  return true;
}

/// The same for as many vectors as one tile takes; `column` moves behind them.
HWY_INLINE bool finish_first_tile(const Factors& factors, Index row, Index padded_width, Index& column,
                                  PanelDiagonal& diagonal) {
  const Index first = column;
  const Index columns = diagonal_vectors > 1 ? strip_columns : slab_columns(column, padded_width);
  column += columns;
  if constexpr (diagonal_vectors > 1) {
    return finish_diagonal_tile<diagonal_vectors>(factors, row, first, diagonal);
  } else {
    switch (columns / vector_floats) {
      case 3:
        return finish_diagonal_tile<3>(factors, row, first, diagonal);
      case 2:
        return finish_diagonal_tile<2>(factors, row, first, diagonal);
      default:
        return finish_diagonal_tile<1>(factors, row, first, diagonal);
    }
  }
}

/// Solves the panel's rows of L D z = b and takes them off the later elements of b, which are vectorized across
/// outputs. Elements of b up to the panel's end are then undefined.
HWY_INLINE void forward_solve_panel(const Factors& factors, Index row, Index padded_width,
                                    const PanelDiagonal& diagonal, float* b, float* z) {
  const FloatTag d;
  float eliminated[tile_rows];
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r) {
    eliminated[r] = b[row + r];
#pragma GCC unroll 8
    for (int p = 0; p < r; ++p) {
      eliminated[r] = scalar_neg_mul_add(diagonal.multiplier[p][r], eliminated[p], eliminated[r]);
    }
    z[row + r] = eliminated[r] * diagonal.inverse_pivot[r];
  }
  for (Index c = (row + tile_rows) / vector_floats * vector_floats; c < padded_width; c += vector_floats) {
    FloatVector sums = hn::Load(d, b + c);
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
      sums = hn::NegMulAdd(hn::Set(d, eliminated[r]), hn::Load(d, factors.unit + (row + r) * factors.stride + c), sums);
    }
    hn::Store(sums, d, b + c);
  }
}

/// A = L D L^T, `width` rows by panels of tile_rows, and L D z = b on the way: the chain of the forward solve hides
/// behind the factorization. A is padded_width square with zero padding and ones on the padding's diagonal; b is
/// overwritten. Returns false when A is not positive definite.
HWY_INLINE bool factor_and_forward_solve(const Factors& factors, Index width, Index padded_width, float* inverse_pivots,
                                         float* b, float* z) {
  for (Index row = 0; row < width; row += tile_rows) {
    // 1. The panel's diagonal block, with the vectors beside it.
    PanelDiagonal diagonal;
    Index column = row / vector_floats * vector_floats;
    if (!finish_first_tile(factors, row, padded_width, column, diagonal)) return false;
    std::copy_n(diagonal.inverse_pivot, tile_rows, inverse_pivots + row);
    // 2. The panel's rows to the right of it.
    while (column < padded_width) {
      const Index columns = slab_columns(column, padded_width);
      switch (columns / vector_floats) {
        case 3:
          finish_panel_tile<3>(factors, row, column, diagonal);
          break;
        case 2:
          finish_panel_tile<2>(factors, row, column, diagonal);
          break;
        default:
          finish_panel_tile<1>(factors, row, column, diagonal);
      }
      column += columns;
    }
    // 3. The right-hand side.
    forward_solve_panel(factors, row, padded_width, diagonal, b, z);
  }
  return true;
}

/// L^T x = z for the `count` rows of a block, from the last up, by scalars: they stay in registers, where the chain
/// from row to row is as short as can be, because the loops are unrolled.
HWY_INLINE void backward_solve_block(const float* block, Index stride, Index count, float (&solved)[virtual_lanes]) {
#pragma GCC unroll 16
  for (Index c = virtual_lanes - 1; c > 0; --c) {
    if (c >= count) continue;
#pragma GCC unroll 16
    for (Index r = c - 1; r >= 0; --r) {
      solved[r] = scalar_neg_mul_add(block[r * stride + c], solved[c], solved[r]);
    }
  }
}

/// L^T x = z. Blocks of rows from the last up: what the later blocks take off is a dot product per row, independent of
/// each other; inside a block the short chain runs in scalars. x has padded_width floats; its padding becomes zero.
HWY_INLINE void backward_solve(const Factors& factors, Index width, Index padded_width, const float* z,
                               float* HWY_RESTRICT x) {
  for (Index block = (width - 1) / virtual_lanes * virtual_lanes; block >= 0; block -= virtual_lanes) {
    const Index count = std::min(virtual_lanes, width - block);
    float solved[virtual_lanes];
#pragma GCC unroll 16
    for (Index r = 0; r < virtual_lanes; ++r) {
      solved[r] = r >= count ? 0.0F
                             : z[block + r] - lane_dot(factors.unit + (block + r) * factors.stride, x,
                                                       block + virtual_lanes, padded_width);
    }
    backward_solve_block(factors.unit + block * factors.stride + block, factors.stride, count, solved);
    std::copy_n(solved, virtual_lanes, x + block);
  }
}

/// Factors and solves the leading `width` unknowns of the system, system.rhs() in place.
HWY_INLINE bool factor_and_solve(SymmetricSystem& system, Index width) {
  const Factors factors{system.matrix.row(0), system.multipliers.row(0), system.matrix.stride()};
  const Index padded_width = padded_columns(width);
  for (Index r = width; r < padded_width; ++r) factors.scaled[r * factors.stride + r] = 1.0F;
  if (!factor_and_forward_solve(factors, width, padded_width, system.inverse_pivots(), system.rhs(),
                                system.forward_solution())) {
    return false;
  }
  backward_solve(factors, width, padded_width, system.forward_solution(), system.rhs());
  return true;
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
