#pragma once
// Rules of single rows and of equal rows.

#include "distributed/cleaning/rule_log.hpp"

namespace rankwise {

/// Drops rows that say the same as an earlier row of the same user and item: value, time, fold, quantity and order. How
/// many. Local.
Index drop_exact_repeats(RuleLog& log);

/// The latest time of all events that `counts`; none if there is none. Collective.
[[nodiscard]] std::optional<std::int64_t> latest_training_microseconds(const Communicator& comm,
                                                                       const UserEvents& events);

/// Multiplies each value by 2^-(age / half-life); the age is that at `latest_microseconds`, 0 for what is later. Local.
void decay_values(UserEvents& events, std::int64_t latest_microseconds, double half_life_seconds);

}  // namespace rankwise
