#pragma once
// Several rows of a log on one user and one item become one.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "distributed/interactions.hpp"

namespace rankwise {

/// sum and mean: in input order, in double; a sum that is no more than rounding errors is 0. last: the latest time,
/// ties and logs without times by the order of the input. max: the largest value. error: none may occur.
enum class DuplicatePolicy { sum, last, max, mean, error };

/// Held-out pairs of a split in time that are in training too: they leave the held-out part, or stay.
enum class Repeats { drop, keep };

/// How the rows of a log become interactions.
struct MergeRules {
  DuplicatePolicy duplicates = DuplicatePolicy::last;
  Repeats repeats = Repeats::drop;
  std::optional<double> min_total = {};  ///< a pair whose merged value is below is no interaction

  [[nodiscard]] bool accept(double merged) const { return !min_total || merged >= *min_total; }
};

/// The value of the interaction that these rows of one pair make. `rows` are in the order of the input, at least one.
[[nodiscard]] double merged_value(std::span<const Event> rows, DuplicatePolicy policy);

struct DuplicateCounts {
  Index repeated = 0;  ///< rows on a pair that an earlier row was on
  Index exact = 0;     ///< of these, rows that say the same as an earlier row: value and time too
};

/// A row on a pair that an earlier row was on; positions as in Event. `second` is the largest number where there is
/// none.
struct RepeatedPair {
  std::int64_t second = std::numeric_limits<std::int64_t>::max();
  std::int64_t first = 0;
};

/// The earliest of this rank's rows that repeat a pair.
[[nodiscard]] RepeatedPair earliest_repeat(const UserEvents& rows);

/// The earliest of this rank's rows that puts a pair into another fold than the row before on that pair does.
[[nodiscard]] RepeatedPair earliest_contradiction(const UserEvents& rows);

/// Leaves one event a pair and counts the rest; it bears the pair's latest time. Local. With DuplicatePolicy::error the
/// caller has made sure that there are none.
DuplicateCounts resolve_duplicates(UserEvents& rows, DuplicatePolicy policy);

}  // namespace rankwise
