#pragma once
// Selection among candidates: vector compares in place of a heap.

#include <cstdint>
#include <span>

#include "kernels/base/types.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise::kernels {

/// Items of one user among which its best `count` are, in no order.
struct Candidates {
  float* scores;
  std::uint32_t* items;
  Index& size;
  float& threshold;  ///< what is below it is not among the best
  Index count;
  Index full;  ///< size from which on there may be no room for one more panel
};

/// Drops candidates that are not among the best candidates.count until at most `most` are left, which is no fewer, and
/// raises the threshold to a score that the best reach. Order: better().
void cut(Candidates candidates, Index most);

/// The best of the candidates, best first, as many as `best` has room for or as there are. Returns their number.
Index sort_best(std::span<const float> scores, std::span<const std::uint32_t> items, std::span<ScoredItem> best);

}  // namespace rankwise::kernels
