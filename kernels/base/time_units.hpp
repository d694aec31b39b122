#pragma once
// Times as whole numbers since 1970: microseconds of a log's events, seconds in matrices, folds and files.

#include <cstdint>
#include <limits>

namespace rankwise {

inline constexpr std::int64_t microseconds_per_second = 1'000'000;
inline constexpr std::int64_t seconds_per_day = 86'400;

/// Whole seconds, the past rounded down too.
[[nodiscard]] constexpr std::int64_t seconds_of(std::int64_t microseconds) {
  return microseconds / microseconds_per_second - (microseconds % microseconds_per_second < 0 ? 1 : 0);
}

/// The begin of the second; of seconds that no microseconds reach the extreme ones, so that order remains.
[[nodiscard]] constexpr std::int64_t microseconds_of(std::int64_t seconds) {
  using Limits = std::numeric_limits<std::int64_t>;
  if (seconds > Limits::max() / microseconds_per_second) return Limits::max();
  if (seconds < Limits::min() / microseconds_per_second) return Limits::min();
  return seconds * microseconds_per_second;
}

}  // namespace rankwise
