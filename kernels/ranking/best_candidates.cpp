#include "kernels/ranking/best_candidates.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ranking/best_candidates.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;
using IntTag = hn::ScalableTag<std::int32_t>;
using FloatVector = hn::Vec<FloatTag>;
constexpr Index lanes = static_cast<Index>(hn::MaxLanes(FloatTag()));

/// The least and the greatest score; no number if a score is not finite.
struct ScoreRange {
  float least;
  float greatest;
};

HWY_INLINE ScoreRange range_of(const float* HWY_RESTRICT scores, Index size) {
  const FloatTag d;
  FloatVector least = hn::Set(d, scores[0]);
  FloatVector greatest = least;
  FloatVector excess = hn::Zero(d);  // s - s is 0 for finite scores alone
  Index i = 0;
  for (; i + lanes <= size; i += lanes) {
    const FloatVector s = hn::LoadU(d, scores + i);
    least = hn::Min(least, s);
    greatest = hn::Max(greatest, s);
    excess = hn::Add(excess, hn::Sub(s, s));
  }
  ScoreRange range{hn::GetLane(hn::MinOfLanes(d, least)), hn::GetLane(hn::MaxOfLanes(d, greatest))};
  float rest_excess = hn::GetLane(hn::SumOfLanes(d, excess));
  for (; i < size; ++i) {
    range.least = std::min(range.least, scores[i]);
    range.greatest = std::max(range.greatest, scores[i]);
    rest_excess += scores[i] - scores[i];
  }
  if (rest_excess == 0) return range;
  return {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::quiet_NaN()};
}

HWY_INLINE Index count_reaching(const float* HWY_RESTRICT scores, Index size, float threshold) {
  const FloatTag d;
  const FloatVector bound = hn::Set(d, threshold);
  Index count = 0;
  Index i = 0;
  for (; i + lanes <= size; i += lanes) {
    count += static_cast<Index>(hn::CountTrue(d, hn::Ge(hn::LoadU(d, scores + i), bound)));
  }
  for (; i < size; ++i) count += scores[i] >= threshold ? 1 : 0;
  return count;
}

/// Moves what reaches the threshold to the front. Whole vectors are stored, over what was read before.
HWY_INLINE Index keep_reaching(Candidates candidates, float threshold) {
  const auto& [scores, uppers, items, size, old_threshold, count, full] = candidates;
  const FloatTag d;
  const hn::ScalableTag<std::uint32_t> du;
  const FloatVector bound = hn::Set(d, threshold);
  Index kept = 0;
  Index i = 0;
  for (; i + lanes <= size; i += lanes) {
    const FloatVector score = hn::LoadU(d, scores + i);
    const FloatVector upper = hn::LoadU(d, uppers + i);
    const auto numbers = hn::LoadU(du, items + i);
    const auto reaches = hn::Ge(upper, bound);
    hn::StoreU(hn::Compress(score, reaches), d, scores + kept);
    hn::StoreU(hn::Compress(upper, reaches), d, uppers + kept);
    hn::StoreU(hn::Compress(numbers, hn::RebindMask(du, reaches)), du, items + kept);
    kept += static_cast<Index>(hn::CountTrue(d, reaches));
  }
  for (; i < size; ++i) {
    const float upper = uppers[i];
    scores[kept] = scores[i];
    uppers[kept] = upper;
    items[kept] = items[i];
    kept += upper >= threshold ? 1 : 0;
  }
  return kept;
}

/// How many candidates have a greater score, for each of them.
void count_greater(const float* HWY_RESTRICT scores, Index size, std::int32_t* HWY_RESTRICT greater) {
  const FloatTag d;
  const IntTag di;
  for (Index i = 0; i < size; i += lanes) {
    const FloatVector mine = hn::LoadU(d, scores + i);
    auto counts = hn::Zero(di);
    auto more_counts = hn::Zero(di);
    Index j = 0;
    for (; j + 2 <= size; j += 2) {
      counts = hn::Sub(counts, hn::BitCast(di, hn::VecFromMask(d, hn::Gt(hn::Set(d, scores[j]), mine))));
      more_counts = hn::Sub(more_counts, hn::BitCast(di, hn::VecFromMask(d, hn::Gt(hn::Set(d, scores[j + 1]), mine))));
    }
    if (j < size) counts = hn::Sub(counts, hn::BitCast(di, hn::VecFromMask(d, hn::Gt(hn::Set(d, scores[j]), mine))));
    hn::StoreU(hn::Add(counts, more_counts), di, greater + i);
  }
}

/// The threshold by bisection between the least score and the greatest.
bool cut_by_bounds(Candidates candidates, Index most) {
  ScoreRange range = range_of(candidates.scores, candidates.size);
  Index reaching = candidates.size;
  // A factor of two each time: 24 halvings part all but equal scores.
  for (int step = 0; step < 24 && reaching > most; ++step) {
    const float middle = range.least / 2 + range.greatest / 2;
    if (!(range.least < middle && middle < range.greatest)) break;
    const Index reaching_middle = count_reaching(candidates.scores, candidates.size, middle);
    if (reaching_middle >= candidates.count) {
      range.least = middle;
      reaching = reaching_middle;
    } else {
      range.greatest = middle;
    }
  }
  if (reaching > most) return false;
  candidates.size = keep_reaching(candidates, range.least);
  candidates.threshold = range.least;
  return true;
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(cut_by_bounds);
HWY_EXPORT(count_greater);

namespace {

/// Most candidates that are sorted by counting; all pairs are compared, a vector at a time (100: 0.3 us,
/// std::sort 2.3).
constexpr std::size_t counted_candidates = 512;
constexpr std::size_t spare_lanes = 16;

std::vector<ScoredItem> scored_items(std::span<const float> scores, std::span<const std::uint32_t> items) {
  std::vector<ScoredItem> scored;
  scored.reserve(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) scored.push_back({scores[i] + 0.0F, Index{items[i]}});  // no -0
  return scored;
}

/// By the items, if many scores are equal or a score is no number.
void cut_exactly(Candidates candidates) {
  const Index count = candidates.count;
  const auto size = static_cast<std::size_t>(candidates.size);
  std::vector<ScoredItem> scored = scored_items({candidates.scores, size}, {candidates.items, size});
  std::ranges::nth_element(scored, scored.begin() + (count - 1), better);
  for (Index i = 0; i < count; ++i) {
    candidates.scores[i] = candidates.upper_scores[i] = scored[static_cast<std::size_t>(i)].score;
    candidates.items[i] = static_cast<std::uint32_t>(scored[static_cast<std::size_t>(i)].item);
  }
  candidates.size = count;
  candidates.threshold = candidates.scores[count - 1];
}

}  // namespace

bool cut_by_bounds(Candidates candidates, Index most) {
  return candidates.size <= most || HWY_DYNAMIC_DISPATCH(cut_by_bounds)(candidates, most);
}

void cut(Candidates candidates, Index most) {
  if (!cut_by_bounds(candidates, most)) cut_exactly(candidates);
}

Index sort_best(std::span<const float> scores, std::span<const std::uint32_t> items, std::span<ScoredItem> best) {
  const std::size_t size = scores.size();
  const std::size_t count = std::min(size, best.size());
  if (size <= counted_candidates) {
    std::array<float, counted_candidates + spare_lanes> padded;
    std::array<std::int32_t, counted_candidates + spare_lanes> greater;
    std::ranges::copy(scores, padded.begin());
    HWY_DYNAMIC_DISPATCH(count_greater)(padded.data(), static_cast<Index>(size), greater.data());
    const std::span<const std::int32_t> places(greater.data(), size);
    // No two are equal, and all are numbers, if the places are 0, 1, ..., size - 1.
    const auto sum = std::accumulate(places.begin(), places.end(), std::size_t{0});
    if (2 * sum == size * (size - 1)) {
      for (std::size_t i = 0; i < size; ++i) {
        const auto place = static_cast<std::size_t>(places[i]);
        if (place < count) best[place] = {scores[i] + 0.0F, Index{items[i]}};
      }
      return static_cast<Index>(count);
    }
  }
  std::vector<ScoredItem> scored = scored_items(scores, items);
  std::ranges::partial_sort(scored, scored.begin() + static_cast<std::ptrdiff_t>(count), better);
  std::ranges::copy_n(scored.begin(), static_cast<std::ptrdiff_t>(count), best.begin());
  return static_cast<Index>(count);
}

}  // namespace rankwise::kernels
#endif
