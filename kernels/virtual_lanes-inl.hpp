// Dot products where one cannot be avoided: 16 virtual lanes on every target, combined by one fixed tree. Included once per
// SIMD target.

#if defined(RANKWISE_KERNELS_VIRTUAL_LANES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_VIRTUAL_LANES_INL_HPP
#undef RANKWISE_KERNELS_VIRTUAL_LANES_INL_HPP
#else
#define RANKWISE_KERNELS_VIRTUAL_LANES_INL_HPP
#endif

#include <hwy/highway.h>

#include "kernels/types.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr Index virtual_lanes = 16;
using LaneTag = hn::CappedTag<float, virtual_lanes>;
constexpr int lane_vectors = static_cast<int>(virtual_lanes / hn::MaxLanes(LaneTag()));

/// Lanes i and i + n/2 are added until one is left, n = 16, 8, 4, 2: the same tree whatever a vector holds.
HWY_INLINE float combine_lanes(hn::Vec<LaneTag> (&lanes)[lane_vectors]) {
  for (int half = lane_vectors / 2; half > 0; half /= 2) {
    for (int v = 0; v < half; ++v) lanes[v] = hn::Add(lanes[v], lanes[v + half]);
  }
  const hn::Full128<float> quad;
  hn::Vec<hn::Full128<float>> four;
  if constexpr (hn::MaxLanes(LaneTag()) == 16) {
    const hn::Half<LaneTag> d8;
    const auto eight = hn::Add(hn::LowerHalf(d8, lanes[0]), hn::UpperHalf(d8, lanes[0]));
    four = hn::Add(hn::LowerHalf(quad, eight), hn::UpperHalf(quad, eight));
  } else if constexpr (hn::MaxLanes(LaneTag()) == 8) {
    four = hn::Add(hn::LowerHalf(quad, lanes[0]), hn::UpperHalf(quad, lanes[0]));
  } else {
    four = lanes[0];
  }
  const auto two = hn::Add(four, hn::Shuffle1032(four));
  return hn::GetLane(hn::Add(two, hn::Shuffle2301(two)));
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
