#include "kernels/statistics/isotonic.hpp"

#include <algorithm>

namespace rankwise {

namespace {

__extension__ using Wide = __int128;

bool is_above_or_equal(const Outcomes& a, const Outcomes& b) {
  return static_cast<Wide>(a.successes) * b.events >= static_cast<Wide>(b.successes) * a.events;
}

/// Rates rise from block to block. Bins without events belong to the block below, the first ones to the block above.
std::vector<IsotonicBlock> pool_violators(std::span<const Outcomes> bins) {
  std::vector<IsotonicBlock> blocks;
  for (std::size_t bin = 0; bin < bins.size(); ++bin) {
    if (bins[bin].events == 0) {
      if (!blocks.empty()) blocks.back().end = bin + 1;
      continue;
    }
    IsotonicBlock next{bin + 1, bins[bin]};
    while (!blocks.empty() && is_above_or_equal(blocks.back().outcomes, next.outcomes)) {
      next.outcomes += blocks.back().outcomes;
      blocks.pop_back();
    }
    blocks.push_back(next);
  }
  return blocks;
}

}  // namespace

std::vector<IsotonicBlock> isotonic_blocks(std::span<const Outcomes> bins, std::int64_t least_events) {
  const std::vector<IsotonicBlock> pooled = pool_violators(bins);
  std::vector<IsotonicBlock> joined;  // the highest first
  for (auto block = pooled.rbegin(); block != pooled.rend(); ++block) {
    if (!joined.empty() && joined.back().outcomes.events < least_events) {
      joined.back().outcomes += block->outcomes;
    } else {
      joined.push_back(*block);
    }
  }
  if (joined.size() > 1 && joined.back().outcomes.events < least_events) {  // the lowest has no block below
    const Outcomes few = joined.back().outcomes;
    joined.pop_back();
    joined.back().outcomes += few;
  }
  std::ranges::reverse(joined);
  return joined;
}

}  // namespace rankwise
