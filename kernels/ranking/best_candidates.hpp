#pragma once
// Selection among candidates: vector compares in place of a heap.

#include <cstdint>
#include <span>

#include "kernels/base/types.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise::kernels {

/// Items of one user among which its best `count` are, in no order.
struct Candidates {
  float* scores;        ///< or what they are at least
  float* upper_scores;  ///< what they are at most; the same of scores that are known
  std::uint32_t* items;
  Index& size;
  float& threshold;  ///< what is below it is not among the best
  Index count;
  Index full;  ///< size from which on there may be no room for one more panel
};

/// Candidates that a cut leaves, so that the next one is far.
[[nodiscard]] inline Index most_after_cut(const Candidates& candidates) {
  return candidates.count + (candidates.full - candidates.count) / 4;
}

/// Drops candidates whose upper scores fall short of what candidates.count others are at least, and raises the
/// threshold to that; so many that at most `most` reach it. Whether that was found: false leaves all as it was.
bool cut_by_bounds(Candidates candidates, Index most);

/// Of candidates whose scores are known: drops those that are not among the best candidates.count until at most `most`
/// are left, which is no fewer, and raises the threshold to a score that the best reach. Order: better().
void cut(Candidates candidates, Index most);

/// The best of the candidates, best first, as many as `best` has room for or as there are. Returns their number.
Index sort_best(std::span<const float> scores, std::span<const std::uint32_t> items, std::span<ScoredItem> best);

}  // namespace rankwise::kernels
