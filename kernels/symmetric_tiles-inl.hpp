// Register tiles of a symmetric product: the engine under the Gramian and the normal equations. Included once per SIMD
// target.
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

#include "kernels/types.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;
using FloatVector = hn::Vec<FloatTag>;

constexpr Index vector_floats = static_cast<Index>(hn::MaxLanes(FloatTag()));
constexpr int tile_rows = vector_floats >= 16 ? 8 : 4;
constexpr Index strip_columns = std::max<Index>(vector_floats, tile_rows);  // of the packed left panel

/// Columns of the slab that begins at `column`: up to three vectors, and never a single one after three.
HWY_INLINE Index slab_columns(Index column, Index padded_width) {
  const Index vectors = (padded_width - column) / vector_floats;
  return vector_floats * (vectors == 4 ? 2 : std::min<Index>(vectors, 3));
}

/// Packed panels of up to `capacity` entries: `right` slab by slab, `left` (weighted) strip by strip, each contiguous
/// over entries, so that a tile streams through L1 whatever the row's length (strided rows of 512 bytes would share 8
/// of 64 sets).
struct PackedEntries {
  float* left;
  float* right;
  Index capacity;
  Index padded_width;
};

/// Packs one entry's feature row (padded_width floats, zero padding) and its weighted copy.
HWY_INLINE void pack_entry(const PackedEntries& packed, Index entry, const float* HWY_RESTRICT features, float weight) {
  const FloatTag d;
  const FloatVector weights = hn::Set(d, weight);
  for (Index slab = 0; slab < packed.padded_width;) {
    const Index columns = slab_columns(slab, packed.padded_width);
    float* HWY_RESTRICT right = packed.right + slab * packed.capacity + entry * columns;
    for (Index c = 0; c < columns; c += vector_floats) {
      const FloatVector values = hn::LoadU(d, features + slab + c);
      hn::Store(values, d, right + c);
      const Index column = slab + c;
      hn::Store(hn::Mul(weights, values), d,
                packed.left + column / strip_columns * strip_columns * packed.capacity + entry * strip_columns +
                    column % strip_columns);
    }
    slab += columns;
  }
}

/// sums[r][v] (+)= left[e][r] * right[e][v], e ascending.
template <int kVectors>
HWY_INLINE void add_products(const float* HWY_RESTRICT left, const float* HWY_RESTRICT right, Index right_pitch,
                             Index entries, FloatVector (&sums)[tile_rows][kVectors]) {
  const FloatTag d;
  for (Index e = 0; e < entries; ++e) {
    FloatVector columns[kVectors];
    for (int v = 0; v < kVectors; ++v) columns[v] = hn::Load(d, right + e * right_pitch + v * vector_floats);
    for (int r = 0; r < tile_rows; ++r) {
      const FloatVector row = hn::Set(d, left[e * strip_columns + r]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(row, columns[v], sums[r][v]);
    }
  }
}

/// One tile: products of all entries from zero, then added to `out`.
template <int kVectors>
HWY_INLINE void add_tile(const float* left, const float* right, Index right_pitch, Index entries, float* out,
                         Index out_stride) {
  const FloatTag d;
  FloatVector sums[tile_rows][kVectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(d);
  }
  add_products<kVectors>(left, right, right_pitch, entries, sums);
  for (int r = 0; r < tile_rows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      float* place = out + r * out_stride + v * vector_floats;
      hn::Store(hn::Add(hn::Load(d, place), sums[r][v]), d, place);
    }
  }
}

/// out += sum over `entries` packed entries of left right^T, on and above the diagonal; `out` is padded_width square.
/// What lies below the diagonal in a tile that straddles it is overwritten.
HWY_INLINE void add_symmetric_product(const PackedEntries& packed, Index entries, float* out, Index out_stride) {
  for (Index slab = 0; slab < packed.padded_width;) {
    const Index columns = slab_columns(slab, packed.padded_width);
    const float* slab_entries = packed.right + slab * packed.capacity;
    for (Index row = 0; row < slab + columns; row += tile_rows) {
      // Vectors that lie wholly below the diagonal are left out.
      const Index skip = row > slab ? (row - slab) / vector_floats * vector_floats : 0;
      const float* left = packed.left + row / strip_columns * strip_columns * packed.capacity + row % strip_columns;
      const float* right = slab_entries + skip;
      float* place = out + row * out_stride + slab + skip;
      switch ((columns - skip) / vector_floats) {
        case 3:
          add_tile<3>(left, right, columns, entries, place, out_stride);
          break;
        case 2:
          add_tile<2>(left, right, columns, entries, place, out_stride);
          break;
        default:
          add_tile<1>(left, right, columns, entries, place, out_stride);
      }
    }
    slab += columns;
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
