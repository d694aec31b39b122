// A row's entries brought into the workspace, and products with their feature rows. Included once per SIMD target.
//
// Each entry's dot product is summed in virtual lanes; sums of feature rows take the entries in ascending order.

#if defined(RANKWISE_KERNELS_ENTRY_PRODUCTS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_ENTRY_PRODUCTS_INL_HPP
#undef RANKWISE_KERNELS_ENTRY_PRODUCTS_INL_HPP
#else
#define RANKWISE_KERNELS_ENTRY_PRODUCTS_INL_HPP
#endif

#include <algorithm>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/als/primal_row-inl.hpp"
#include "kernels/als/row_system.hpp"
#include "kernels/als/row_workspace.hpp"
#include "kernels/base/csr_block.hpp"
#include "kernels/dense/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Entries whose dot products and additions are interleaved: enough to hide the latency of FMA and to spread the loads
/// of what they share, few enough for the registers.
constexpr int entry_group = lane_vectors == 1 ? 8 : 4;

/// Asks for rows [begin, end), those of them that are below `count`.
HWY_INLINE void prefetch_rows(const float* const* rows, Index begin, Index end, Index count, Index width) {
  for (Index r = begin; r < std::min(end, count); ++r) {
    for (Index c = 0; c < width; c += line_floats) hwy::Prefetch(rows[r] + c);
  }
}

/// A chunk of a row's entries as the normal equations have them.
struct EntryChunk {
  Index size;
  const float* const* rows;  ///< features, padded
  const float* values;
  const float* targets;
};

/// Brings chunks of entries into the workspace. The last is kept, so that a row of one chunk is brought once, however
/// often it is passed over.
class EntryGatherer {
 public:
  EntryGatherer(const RowSystem& system, RowWorkspace& workspace)
      : system_(system),
        workspace_(workspace),
        unit_weights_(system.objective.unit_weights()),
        weight_shift_(system.objective.weight_shift()) {}

  [[nodiscard]] const RowSystem& system() const { return system_; }
  [[nodiscard]] RowWorkspace& workspace() const { return workspace_; }
  [[nodiscard]] bool unit_weights() const { return unit_weights_; }
  [[nodiscard]] float weight(float value) const { return unit_weights_ ? 1.0F : value - weight_shift_; }

  /// At most entry_chunk entries; valid until the next are asked for.
  [[nodiscard]] EntryChunk gather(CsrRow chunk) {
    const bool biases = system_.objective.biases;
    if (chunk.columns.data() != gathered_.data() || chunk.columns.size() != gathered_.size()) {
      point_at_rows(system_.other, chunk.columns, workspace_.right_rows);
      if (biases) copy_rows(chunk);
      gathered_ = chunk.columns;
    }
    return {chunk.size(), workspace_.right_rows.data(), chunk.values.data(),
            biases ? workspace_.entry_targets() : chunk.values.data()};
  }

 private:
  HWY_INLINE void copy_rows(CsrRow chunk) {
    prefetch_rows(workspace_.right_rows.data(), 0, chunk.size(), chunk.size(), workspace_.padded_width);
    move_biases(chunk, workspace_);
  }

  const RowSystem& system_;
  RowWorkspace& workspace_;
  bool unit_weights_;
  float weight_shift_;
  std::span<const LocalIndex> gathered_;
};

/// values = -values over a padded row.
HWY_INLINE void negate(float* values, Index width) {
  const FloatTag d;
  for (Index c = 0; c < width; c += vector_floats) hn::Store(hn::Neg(hn::Load(d, values + c)), d, values + c);
}

/// lane_dot of each of kEntries rows with x over [0, end).
template <int kEntries>
HWY_NOINLINE void lane_dots(const float* const* rows, const float* HWY_RESTRICT x, Index end,
                            float* HWY_RESTRICT dots) {
  const LaneTag d;
  constexpr Index step = static_cast<Index>(hn::MaxLanes(LaneTag()));
  hn::Vec<LaneTag> lanes[kEntries][lane_vectors];
  const float* entry_rows[kEntries];
  std::copy_n(rows, kEntries, entry_rows);
#pragma GCC unroll 8
  for (auto& entry : lanes) {
    for (auto& lane : entry) lane = hn::Zero(d);
  }
  for (Index c = 0; c < end; c += virtual_lanes) {
    for (int v = 0; v < lane_vectors; ++v) {
      const hn::Vec<LaneTag> factor = hn::Load(d, x + c + v * step);
#pragma GCC unroll 8
      for (int e = 0; e < kEntries; ++e) {
        lanes[e][v] = hn::MulAdd(hn::Load(d, entry_rows[e] + c + v * step), factor, lanes[e][v]);
      }
    }
  }
  combine_each(lanes, dots);
}

/// Calls body with kEntries as a constant and the first entry of each group: whole groups, then smaller ones.
template <int kEntries = entry_group, class Body>
HWY_INLINE void for_each_group(Index begin, Index count, const Body& body) {
  for (; begin + kEntries <= count; begin += kEntries) body(std::integral_constant<int, kEntries>(), begin);
  if constexpr (kEntries > 4) {
    for_each_group<4>(begin, count, body);
  } else if constexpr (kEntries > 1) {
    for_each_group<1>(begin, count, body);
  }
}

/// The calls of for_each_group for `count` entries.
constexpr Index group_count(Index count) {
  return count / entry_group + count % entry_group / 4 + count % 4;
}

/// lane_dot of each of `count` rows with x over [0, end).
HWY_INLINE void dot_rows(const float* const* rows, Index count, const float* x, Index end, float* dots) {
  for_each_group(0, count, [&](auto entries, Index e) {
    prefetch_rows(rows, e + 2 * entries, e + 3 * entries, count, end);
    lane_dots<entries>(rows + e, x, end, dots + e);
  });
}

/// out += sum over kEntries rows, ascending, of factors[e] rows[e].
template <int kEntries>
HWY_NOINLINE void add_scaled_rows(const float* const* rows, const float* factors, Index width,
                                  float* HWY_RESTRICT out) {
  const FloatTag d;
  const float* entry_rows[kEntries];
  FloatVector scales[kEntries];
#pragma GCC unroll 8
  for (int e = 0; e < kEntries; ++e) {
    entry_rows[e] = rows[e];
    scales[e] = hn::Set(d, factors[e]);
  }
  for (Index c = 0; c < width; c += vector_floats) {
    FloatVector sum = hn::Load(d, out + c);
#pragma GCC unroll 8
    for (int e = 0; e < kEntries; ++e) sum = hn::MulAdd(scales[e], hn::Load(d, entry_rows[e] + c), sum);
    hn::Store(sum, d, out + c);
  }
}

/// values += factor * direction over a padded row.
HWY_INLINE void add_scaled(float factor, const float* direction, float* values, Index width) {
  add_scaled_rows<1>(&direction, &factor, width, values);
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
