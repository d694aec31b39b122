#pragma once
// Selection among candidates: vector compares in place of a heap.

#include <span>

#include "kernels/ranking/top_items.hpp"

namespace rankwise::kernels {

/// Drops candidates that are not among the best candidates.count until at most `most` are left, which is no fewer, and
/// raises the threshold to a score that the best reach. Order: better().
void cut(Candidates candidates, Index most);

/// The best of the candidates, best first, as many as `best` has room for or as there are. Returns their number.
Index sort_best(std::span<const float> scores, std::span<const std::uint32_t> items, std::span<ScoredItem> best);

}  // namespace rankwise::kernels
