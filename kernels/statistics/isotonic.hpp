#pragma once
// Isotonic regression of shares: the rates that never fall and are nearest to what was counted.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankwise {

/// How many events there were, and how many of them were successes.
struct Outcomes {
  std::int64_t events = 0;
  std::int64_t successes = 0;

  /// 0 without events.
  [[nodiscard]] double rate() const {
    return events > 0 ? static_cast<double>(successes) / static_cast<double>(events) : 0.0;
  }
  Outcomes& operator+=(const Outcomes& other) {
    events += other.events;
    successes += other.successes;
    return *this;
  }
};

/// Neighbouring bins that share a rate: from the end of the block before up to `end`.
struct IsotonicBlock {
  std::size_t end = 0;
  Outcomes outcomes;
};

/// Pools neighbouring bins until no rate is above the next one (pool adjacent violators; Ayer et al., 1955: the
/// likeliest rates that never fall), then joins blocks of fewer than `least_events` with their neighbour, from the
/// highest down, since a rate of few events says little. Rates are compared as whole numbers, so the result is exact.
/// Blocks cover all bins; none if there is no event. Counts are at least 0, successes at most events.
[[nodiscard]] std::vector<IsotonicBlock> isotonic_blocks(std::span<const Outcomes> bins, std::int64_t least_events);

}  // namespace rankwise
