// Dot products where one cannot be avoided: 16 virtual lanes on every target, combined by one fixed tree. Included once
// per SIMD target.

#if defined(RANKWISE_KERNELS_VIRTUAL_LANES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_VIRTUAL_LANES_INL_HPP
#undef RANKWISE_KERNELS_VIRTUAL_LANES_INL_HPP
#else
#define RANKWISE_KERNELS_VIRTUAL_LANES_INL_HPP
#endif

#include <hwy/highway.h>

#include "kernels/base/types.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr Index virtual_lanes = 16;
using LaneTag = hn::CappedTag<float, virtual_lanes>;
constexpr int lane_vectors = static_cast<int>(virtual_lanes / hn::MaxLanes(LaneTag()));

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE float combine_vector(LaneTag /*tag*/, hn::Vec<LaneTag> v) {
  return hn::GetLane(v);
}
#else
/// Adds the upper half of a vector to its lower half until one lane is left.
template <class Tag, class Vector>
HWY_INLINE float combine_vector(Tag /*tag*/, Vector v) {
  if constexpr (hn::MaxLanes(Tag()) > 4) {
    const hn::Half<Tag> half;
    return combine_vector(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  } else {
    const auto two = hn::Add(v, hn::Shuffle1032(v));
    return hn::GetLane(hn::Add(two, hn::Shuffle2301(two)));
  }
}
#endif

/// Lanes i and i + n/2 are added until one is left, n = 16, 8, 4, 2: the same tree whatever a vector holds.
HWY_INLINE float combine_lanes(hn::Vec<LaneTag> (&lanes)[lane_vectors]) {
  for (int half = lane_vectors / 2; half > 0; half /= 2) {
    for (int v = 0; v < half; ++v) lanes[v] = hn::Add(lanes[v], lanes[v + half]);
  }
  return combine_vector(LaneTag(), lanes[0]);
}

#if HWY_TARGET <= HWY_AVX3
/// combine_lanes of four vectors of 16 at once, the same additions in a third of the instructions.
HWY_INLINE void combine_four(const hn::Vec<LaneTag>* lanes, float* sums) {
  const LaneTag d;
  const hn::RebindToSigned<LaneTag> di;
  const auto add_halves = [d](auto a, auto b) {
    return hn::Add(hn::ConcatLowerLower(d, b, a), hn::ConcatUpperUpper(d, b, a));
  };
  const auto ab = add_halves(lanes[0], lanes[1]);  // blocks of four lanes: a a b b
  const auto cd = add_halves(lanes[2], lanes[3]);
  const auto acbd = hn::Add(hn::OddEvenBlocks(cd, ab), hn::SwapAdjacentBlocks(hn::OddEvenBlocks(ab, cd)));
  const auto two = hn::Add(acbd, hn::Shuffle1032(acbd));
  const auto one = hn::Add(two, hn::Shuffle2301(two));
  alignas(64) static constexpr int32_t order[virtual_lanes] = {0, 8, 4, 12};
  const auto in_order = hn::TableLookupLanes(one, hn::IndicesFromVec(d, hn::Load(di, order)));
  const hn::Half<LaneTag> eight;
  const hn::Half<hn::Half<LaneTag>> four;
  hn::StoreU(hn::LowerHalf(four, hn::LowerHalf(eight, in_order)), four, sums);
}
#endif

/// sums[e] = combine_lanes(lanes[e]).
template <int kEntries>
HWY_INLINE void combine_each(hn::Vec<LaneTag> (&lanes)[kEntries][lane_vectors], float* sums) {
#if HWY_TARGET <= HWY_AVX3
  if constexpr (kEntries % 4 == 0) {
    for (int e = 0; e < kEntries; e += 4) combine_four(lanes[e], sums + e);
    return;
  }
#endif
  for (int e = 0; e < kEntries; ++e) sums[e] = combine_lanes(lanes[e]);
}

/// <a, b> over [begin, end), both multiples of 16; a and b are 64-byte aligned at multiples of 16.
HWY_INLINE float lane_dot(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, Index begin, Index end) {
  const LaneTag d;
  constexpr Index step = static_cast<Index>(hn::MaxLanes(LaneTag()));
  hn::Vec<LaneTag> lanes[lane_vectors];
  for (auto& lane : lanes) lane = hn::Zero(d);
  for (Index c = begin; c < end; c += virtual_lanes) {
    for (int v = 0; v < lane_vectors; ++v) {
      lanes[v] = hn::MulAdd(hn::Load(d, a + c + v * step), hn::Load(d, b + c + v * step), lanes[v]);
    }
  }
  return combine_lanes(lanes);
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
