#pragma once
// A figure of every rank, as reports tell it.

#include <algorithm>

namespace rankwise {

/// Largest and mean over ranks.
struct OverRanks {
  double max = 0;
  double mean = 0;
};

/// Of value(rank) over all of `ranks`.
template <class Ranks, class Value>
[[nodiscard]] OverRanks over_ranks(const Ranks& ranks, const Value& value) {
  OverRanks all;
  for (const auto& rank : ranks) {
    const auto mine = static_cast<double>(value(rank));
    all.max = std::max(all.max, mine);
    all.mean += mine / static_cast<double>(ranks.size());
  }
  return all;
}

}  // namespace rankwise
