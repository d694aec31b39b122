#include "kernels/ranking/rank_block.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "kernels/ranking/best_candidates.hpp"
#include "kernels/ranking/coarse_block.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ranking/rank_block.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/dense/symmetric_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int score_vectors = 3;
/// Items of a tile; a panel has 1 tile of AVX-512, 2 of AVX2.
constexpr Index tile_items = score_vectors * vector_floats;
static_assert(panel_items % tile_items == 0);

/// What a panel's items are offered to.
struct RankedUsers {
  ConstMatrixView vectors;
  const PositionBits& marks;
  MarkedItems rule;
  TopItems& top;
  Index first;  ///< user of `top` that is row 0
};

/// Adds a user's scores that reach the threshold. Rare: a function of its own, which leaves registers to the tile.
HWY_NOINLINE void add_reaching(const RankedUsers& users, Index row, const PackedItems& items, Index panel, Index first,
                               const float* HWY_RESTRICT scores, std::uint64_t reaching) {
  const std::span<const std::uint32_t> ids = items.panel_ids(panel);
  reaching &= allowed_bits(users.marks, users.rule, row, panel, static_cast<Index>(ids.size())) >> first;
  if (reaching == 0) return;
  const Candidates candidates = users.top.candidates(users.first + row);
  Index size = candidates.size;
  for (; reaching != 0; reaching &= reaching - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(reaching));
    candidates.scores[size] = candidates.upper_scores[size] = scores[i];
    candidates.items[size] = ids[static_cast<std::size_t>(first) + i];
    ++size;
  }
  candidates.size = size;
  if (size >= candidates.full) cut(candidates, most_after_cut(candidates));
}

/// Bit i is lane i of the masks, one after the other.
template <class Mask>
HWY_INLINE std::uint64_t bits_of(const Mask (&masks)[score_vectors]) {
  const FloatTag d;
  std::uint64_t bits = 0;
  for (int v = 0; v < score_vectors; ++v) {
    std::array<std::uint8_t, 8> bytes{};
    hn::StoreMaskBits(d, masks[v], bytes.data());
    std::uint64_t lanes = 0;
    std::memcpy(&lanes, bytes.data(), sizeof(lanes));
    bits |= lanes << (v * vector_floats);
  }
  return bits;
}

/// Scores of kUsers users against a panel's items from `first` on.
template <int kUsers>
HWY_INLINE void rank_tile(const RankedUsers& users, Index first_row, const PackedItems& items, Index panel,
                          Index first) {
  const FloatTag d;
  FloatVector sums[kUsers][score_vectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(d);
  }
  const ConstMatrixView vectors = users.vectors;
  const float* user = vectors.row(first_row);
  const float* line = items.panel(panel) + first;
  for (Index c = 0; c < vectors.columns; ++c, line += panel_items) {
    FloatVector factors[score_vectors];
    for (int v = 0; v < score_vectors; ++v) factors[v] = hn::Load(d, line + v * vector_floats);
    for (int u = 0; u < kUsers; ++u) {
      const FloatVector factor = hn::Set(d, user[u * vectors.stride + c]);
      for (int v = 0; v < score_vectors; ++v) sums[u][v] = hn::MulAdd(factor, factors[v], sums[u][v]);
    }
  }
  // Unrolled, as sums stay in registers only if their places are constants.
#pragma GCC unroll 8
  for (int u = 0; u < kUsers; ++u) {
    const Index row = first_row + u;
    const FloatVector threshold = hn::Set(d, users.top.threshold(users.first + row));
    hn::Mask<FloatTag> reaching[score_vectors];  // what is no number, too
    for (int v = 0; v < score_vectors; ++v) reaching[v] = hn::Not(hn::Lt(sums[u][v], threshold));
    const auto any = hn::Or(hn::Or(reaching[0], reaching[1]), reaching[2]);
    if (HWY_LIKELY(hn::AllFalse(d, any))) continue;
    alignas(64) float scores[tile_items];
    for (int v = 0; v < score_vectors; ++v) hn::Store(sums[u][v], d, scores + v * vector_floats);
    add_reaching(users, row, items, panel, first, scores, bits_of(reaching));
  }
}

void rank_block(ConstMatrixView vectors, const PackedItems& items, const PositionBits& marks, MarkedItems rule,
                TopItems& top, Index first_user) {
  const RankedUsers users{vectors, marks, rule, top, first_user};
  for (Index panel = 0; panel < items.panels(); ++panel) {
    Index row = 0;
    for (; row + tile_rows <= vectors.rows; row += tile_rows) {
      for (Index first = 0; first < panel_items; first += tile_items) {
        rank_tile<tile_rows>(users, row, items, panel, first);
      }
    }
    for (; row < vectors.rows; ++row) {
      for (Index first = 0; first < panel_items; first += tile_items) rank_tile<1>(users, row, items, panel, first);
    }
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(rank_block);

void rank_block(ConstMatrixView users, const PackedItems& items, const PositionBits& marks, MarkedItems rule,
                TopItems& top, Index first_user, ItemPrecision precision) {
  if (top.count() == 0) return;
  if (precision == ItemPrecision::floats_and_codes && items.has_codes() && are_within_bounds(users, items.codes())) {
    coarse_rank_block(users, items, marks, rule, top, first_user);
    return;
  }
  HWY_DYNAMIC_DISPATCH(rank_block)(users, items, marks, rule, top, first_user);
}

}  // namespace rankwise::kernels
#endif
