// Register tiles of a symmetric product: the engine under the Gramian, the normal equations and the dual systems.
// Included once per SIMD target.
//
// The upper half of sum_e left[e] right[e]^T is cut into tiles of tile_rows x (up to 3 vectors). A tile's accumulators
// stay in registers for a whole chunk of entries; each holds one output element and takes its terms in ascending entry
// order by FMA, so that neither the tile's shape nor the vector's width can change a bit. 8 x 3 vectors of AVX-512 (24
// of 32 registers) and 4 x 3 of AVX2 (12 of 16) both need fewer than half a load per FMA, which two load ports sustain.

#if defined(RANKWISE_KERNELS_SYMMETRIC_TILES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_SYMMETRIC_TILES_INL_HPP
#undef RANKWISE_KERNELS_SYMMETRIC_TILES_INL_HPP
#else
#define RANKWISE_KERNELS_SYMMETRIC_TILES_INL_HPP
#endif

#include <algorithm>

#include <hwy/highway.h>

#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;
using FloatVector = hn::Vec<FloatTag>;

constexpr Index vector_floats = static_cast<Index>(hn::MaxLanes(FloatTag()));
constexpr int tile_rows = vector_floats >= 16 ? 8 : 4;
/// Columns of whole vectors that hold tile_rows columns.
constexpr Index strip_columns = std::max<Index>(vector_floats, tile_rows);

/// Columns of the slab that begins at `column`: up to three vectors, and never a single one after three (a single
/// vector has too few accumulators to hide the latency of FMA).
HWY_INLINE Index slab_columns(Index column, Index padded_width) {
  const Index vectors = (padded_width - column) / vector_floats;
  return vector_floats * (vectors == 4 ? 2 : std::min<Index>(vectors, 3));
}

/// Feature rows of a chunk of entries, wherever they lie (aligned lines). `left` rows are weighted; both are the same
/// where all weights are one, and rows are then read where they were gathered to. `upcoming` are rows that will be
/// wanted next, `upcoming_rounds` times as many as the entries: gathered rows lie scattered over a table larger than
/// L2, and tiles ask for them one line per entry, which hides the misses at no cost (bursts between tiles cost 5% of
/// the sweep at k = 64).
struct EntryRows {
  const float* const* left;
  const float* const* right;
  const float* const* upcoming;
  Index upcoming_rounds;
  Index padded_width;
};

/// Where a product goes: out = from + product; `from` may be `out`, or null for zero.
struct TileTarget {
  const float* from;
  Index from_stride;
  float* out;
  Index out_stride;
};

/// A right-hand side that is summed beside the product: out = from + sum_e targets[e] right[e]; no out, no sum.
struct RightHandSide {
  const float* targets = nullptr;
  const float* from = nullptr;
  float* out = nullptr;
};

/// out = from + sums, or just the sums.
template <class Tag, int kVectors>
HWY_INLINE void finish_tile_row(const hn::Vec<Tag> (&sums)[kVectors], const float* from, float* out) {
  const Tag d;
  constexpr Index step = static_cast<Index>(hn::MaxLanes(Tag()));
#pragma GCC unroll 3
  for (int v = 0; v < kVectors; ++v) {
    hn::Store(from == nullptr ? sums[v] : hn::Add(hn::Load(d, from + v * step), sums[v]), d, out + v * step);
  }
}

/// A product of entry rows under construction: tiles take their part of it one by one.
struct SymmetricProduct {
  const EntryRows& rows;
  Index entries;
  const TileTarget& target;
  const RightHandSide& rhs;
  Index prefetch_column = 0;  ///< of the lines that the next tile asks for
  Index prefetch_round = 0;   ///< and of which upcoming rows

  /// What a tile prefetches: for each entry the line at `column` of a row.
  struct Prefetch {
    const float* const* rows;
    Index column;
  };
  HWY_INLINE Prefetch next_prefetch() {
    const Prefetch prefetch{rows.upcoming + prefetch_round * entries, prefetch_column};
    prefetch_column += line_floats;
    if (prefetch_column >= rows.padded_width) {
      prefetch_column = 0;
      if (prefetch_round + 1 < rows.upcoming_rounds) ++prefetch_round;
    }
    return prefetch;
  }
};

/// Strips of 8 rows under vectors of 16: the lower strip of a diagonal block needs half a vector of it only. Half
/// vectors do not waste the other half.
constexpr bool has_half_strips = vector_floats == 16 && tile_rows == 8;
using HalfTag = hn::CappedTag<float, has_half_strips ? 8 : static_cast<std::size_t>(vector_floats)>;

template <class Tag>
HWY_INLINE hn::Vec<Tag> lower_half(Tag half, FloatVector v) {
  if constexpr (hn::MaxLanes(Tag()) < hn::MaxLanes(FloatTag())) {
    return hn::LowerHalf(half, v);
  } else {
    return v;
  }
}

enum class TileExtra {
  none,
  target_row,     ///< the right-hand side of the tile's columns, as one row more
  half_diagonal,  ///< the half vector at the strip's diagonal, left of the tile
};

/// The pointer itself, but computed here: GCC 12 otherwise keeps a register for each of the offsets from it that a loop
/// uses, runs out of them, and reloads them from the stack for every entry.
HWY_INLINE const float* computed(const float* pointer) {
#if HWY_COMPILER_GCC || HWY_COMPILER_CLANG
  asm("" : "+r"(pointer));
#endif
  return pointer;
}

/// One tile of tile_rows x kVectors at (row, column): products of all entries from zero, then added to what was there.
/// A function of its own: inlined into its callers, GCC 12 spilled accumulators or not by the whim of what else stood
/// there, at half the speed.
template <int kVectors, TileExtra kExtra>
HWY_NOINLINE void add_tile(SymmetricProduct& product, Index row, Index column) {
  const FloatTag d;
  const HalfTag dh;
  constexpr int vectors = std::max(kVectors, 1);
  FloatVector sums[tile_rows][vectors];
  FloatVector rhs_sums[vectors];
  hn::Vec<HalfTag> half_sums[tile_rows][1];
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < vectors; ++v) sums[r][v] = hn::Zero(d);
  }
  if constexpr (kExtra == TileExtra::target_row) {
#pragma GCC unroll 3
    for (auto& sum : rhs_sums) sum = hn::Zero(d);
  }
  if constexpr (kExtra == TileExtra::half_diagonal) {
#pragma GCC unroll 8
    for (auto& sum : half_sums) sum[0] = hn::Zero(dh);
  }

  const EntryRows& rows = product.rows;
  const SymmetricProduct::Prefetch prefetch = product.next_prefetch();
  for (Index e = 0; e < product.entries; ++e) {
    __builtin_prefetch(prefetch.rows[e] + prefetch.column, 0, 2);
    const float* HWY_RESTRICT left = computed(rows.left[e] + row);
    const float* HWY_RESTRICT right = computed(rows.right[e] + column);
    FloatVector columns[vectors];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) columns[v] = hn::Load(d, right + v * vector_floats);
    // Half a strip's own columns lie just left of the tile.
    constexpr Index half_offset = kExtra == TileExtra::half_diagonal ? -tile_rows : 0;
    const hn::Vec<HalfTag> half_column = hn::Load(dh, right + half_offset);
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
      const FloatVector factor = hn::Set(d, left[r]);
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(factor, columns[v], sums[r][v]);
      if constexpr (kExtra == TileExtra::half_diagonal) {
        half_sums[r][0] = hn::MulAdd(lower_half(dh, factor), half_column, half_sums[r][0]);
      }
    }
    if constexpr (kExtra == TileExtra::target_row) {
      const FloatVector factor = hn::Set(d, product.rhs.targets[e]);
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) rhs_sums[v] = hn::MulAdd(factor, columns[v], rhs_sums[v]);
    }
  }

  const TileTarget& target = product.target;
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r) {
    const float* from = target.from == nullptr ? nullptr : target.from + (row + r) * target.from_stride;
    float* out = target.out + (row + r) * target.out_stride;
    if constexpr (kVectors > 0)
      finish_tile_row<FloatTag, vectors>(sums[r], from == nullptr ? nullptr : from + column, out + column);
    if constexpr (kExtra == TileExtra::half_diagonal) {
      finish_tile_row<HalfTag, 1>(half_sums[r], from == nullptr ? nullptr : from + row, out + row);
    }
  }
  if constexpr (kExtra == TileExtra::target_row) {
    const float* from = product.rhs.from == nullptr ? nullptr : product.rhs.from + column;
    finish_tile_row<FloatTag, vectors>(rhs_sums, from, product.rhs.out + column);
  }
}

/// The last two strips under has_half_strips, which are a vector and half a vector wide: apart, each would be too short
/// to hide the latency of its loads.
HWY_NOINLINE inline void add_corner(SymmetricProduct& product, Index row) {
  const FloatTag d;
  const HalfTag dh;
  FloatVector upper_sums[tile_rows][1];
  hn::Vec<HalfTag> lower_sums[tile_rows][1];
#pragma GCC unroll 8
  for (auto& sum : upper_sums) sum[0] = hn::Zero(d);
#pragma GCC unroll 8
  for (auto& sum : lower_sums) sum[0] = hn::Zero(dh);
  const EntryRows& rows = product.rows;
  const Index lower_row = row + tile_rows;
  const SymmetricProduct::Prefetch prefetch = product.next_prefetch();
  for (Index e = 0; e < product.entries; ++e) {
    __builtin_prefetch(prefetch.rows[e] + prefetch.column, 0, 2);
    const float* HWY_RESTRICT left = computed(rows.left[e] + row);
    const float* HWY_RESTRICT right = computed(rows.right[e] + row);
    const FloatVector columns = hn::Load(d, right);
    const hn::Vec<HalfTag> lower_columns = hn::Load(dh, right + tile_rows % vector_floats);
#pragma GCC unroll 8
    for (int r = 0; r < tile_rows; ++r) {
      upper_sums[r][0] = hn::MulAdd(hn::Set(d, left[r]), columns, upper_sums[r][0]);
      lower_sums[r][0] = hn::MulAdd(hn::Set(dh, left[tile_rows + r]), lower_columns, lower_sums[r][0]);
    }
  }
  const TileTarget& target = product.target;
  const auto from_row = [&target](Index r) {
    return target.from == nullptr ? nullptr : target.from + r * target.from_stride;
  };
#pragma GCC unroll 8
  for (int r = 0; r < tile_rows; ++r) {
    const float* upper_from = from_row(row + r);
    const float* lower_from = from_row(lower_row + r);
    finish_tile_row<FloatTag, 1>(upper_sums[r], upper_from == nullptr ? nullptr : upper_from + row,
                                 target.out + (row + r) * target.out_stride + row);
    finish_tile_row<HalfTag, 1>(lower_sums[r], lower_from == nullptr ? nullptr : lower_from + lower_row,
                                target.out + (lower_row + r) * target.out_stride + lower_row);
  }
}

/// Tiles from `column` to the end of a strip.
HWY_INLINE void add_strip(SymmetricProduct& product, Index row, Index column) {
  const Index width = product.rows.padded_width;
  while (column < width) {
    const Index columns = slab_columns(column, width);
    switch (columns / vector_floats) {
      case 3:
        add_tile<3, TileExtra::none>(product, row, column);
        break;
      case 2:
        add_tile<2, TileExtra::none>(product, row, column);
        break;
      default:
        add_tile<1, TileExtra::none>(product, row, column);
    }
    column += columns;
  }
}

/// The first strip, which spans all columns, with the right-hand side. Two vectors at most: with the target row, three
/// would not fit AVX2's registers.
HWY_INLINE void add_first_strip(SymmetricProduct& product) {
  const Index width = product.rows.padded_width;
  Index column = 0;
  for (; column + 2 * vector_floats <= width; column += 2 * vector_floats) {
    add_tile<2, TileExtra::target_row>(product, 0, column);
  }
  if (column < width) add_tile<1, TileExtra::target_row>(product, 0, column);
}

/// A strip that begins in the middle of a vector: its half of the diagonal block goes with the tile to the right.
HWY_INLINE void add_half_strip(SymmetricProduct& product, Index row) {
  const Index column = row + tile_rows;
  const Index vectors = (product.rows.padded_width - column) / vector_floats;
  if (vectors == 0) {
    add_tile<0, TileExtra::half_diagonal>(product, row, column);
  } else if (vectors == 1 || vectors == 3) {
    add_tile<1, TileExtra::half_diagonal>(product, row, column);
    add_strip(product, row, column + vector_floats);
  } else {
    add_tile<2, TileExtra::half_diagonal>(product, row, column);
    add_strip(product, row, column + 2 * vector_floats);
  }
}

/// out = from + sum over `entries` of left right^T, on and above the diagonal, padded_width square, and the right-hand
/// side. What lies below the diagonal in a tile that straddles it is undefined.
HWY_INLINE void add_symmetric_product(const EntryRows& rows, Index entries, const TileTarget& target,
                                      const RightHandSide& rhs) {
  SymmetricProduct product{rows, entries, target, rhs};
  Index row = 0;
  if (rhs.out != nullptr) {
    add_first_strip(product);
    row = tile_rows;
  }
  for (; row < rows.padded_width; row += tile_rows) {
    if (has_half_strips && row % vector_floats != 0) {
      add_half_strip(product, row);
    } else if (has_half_strips && row + vector_floats == rows.padded_width) {
      add_corner(product, row);
      row += tile_rows;
    } else {
      add_strip(product, row, row / vector_floats * vector_floats);
    }
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
