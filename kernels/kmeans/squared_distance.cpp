#include "kernels/kmeans/squared_distance.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/kmeans/squared_distance.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using DoubleTag = hn::CappedTag<double, 8>;
using HalfFloatTag = hn::Rebind<float, DoubleTag>;
constexpr Index double_lanes = static_cast<Index>(hn::MaxLanes(DoubleTag()));
constexpr int lane_groups = static_cast<int>(line_floats / double_lanes);

/// 16 lanes of double, lane i taking the columns i, i + 16, ...; products and sums are rounded apart, so that targets
/// without FMA agree.
double squared_distance(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, Index padded_width) {
  const DoubleTag d;
  const HalfFloatTag f;
  hn::Vec<DoubleTag> lanes[lane_groups];
  for (auto& lane : lanes) lane = hn::Zero(d);
  for (Index c = 0; c < padded_width; c += line_floats) {
    for (int g = 0; g < lane_groups; ++g) {
      const Index at = c + g * double_lanes;
      const auto difference = hn::PromoteTo(d, hn::Sub(hn::LoadU(f, a + at), hn::LoadU(f, b + at)));
      lanes[g] = hn::Add(lanes[g], hn::Mul(difference, difference));
    }
  }
  double sums[line_floats];
  for (int g = 0; g < lane_groups; ++g) hn::StoreU(lanes[g], d, sums + g * double_lanes);
  for (Index half = line_floats / 2; half > 0; half /= 2) {
    for (Index i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

void squared_distances(ConstMatrixView rows, ConstMatrixView centroids, std::span<const std::int32_t> which,
                       std::span<double> distances) {
  for (Index r = 0; r < rows.rows; ++r) {
    const auto row = static_cast<std::size_t>(r);
    distances[row] = squared_distance(rows.row(r), centroids.row(which[row]), rows.stride);
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(squared_distance);
HWY_EXPORT(squared_distances);

double squared_distance(const float* a, const float* b, Index padded_width) {
  return HWY_DYNAMIC_DISPATCH(squared_distance)(a, b, padded_width);
}

void squared_distances(ConstMatrixView rows, ConstMatrixView centroids, std::span<const std::int32_t> which,
                       std::span<double> distances) {
  HWY_DYNAMIC_DISPATCH(squared_distances)(rows, centroids, which, distances);
}

void squared_distances(const CsrBlock& block, RowRange rows, ConstMatrixView centroids,
                       std::span<const std::int32_t> which, std::span<double> distances) {
  Matrix dense(1, centroids.columns);
  for (Index r = rows.begin; r < rows.end; ++r) {
    const CsrRow entries = block.row(r);
    const auto at = static_cast<std::size_t>(r - rows.begin);
    for (std::size_t e = 0; e < entries.columns.size(); ++e) dense.row(0)[entries.columns[e]] = entries.values[e];
    distances[at] = squared_distance(dense.row(0), centroids.row(which[at]), dense.stride());
    for (const LocalIndex column : entries.columns) dense.row(0)[column] = 0.0F;
  }
}

}  // namespace rankwise::kernels
#endif
