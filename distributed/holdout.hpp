#pragma once
// Which events of a log are held out of training. Every choice is a function of the data and the seed, never of the
// ranks.

#include <cstdint>
#include <vector>

#include "distributed/interactions.hpp"
#include "kernels/philox.hpp"

namespace rankwise {

enum class EventPart : std::uint8_t { training, heldout, given };

/// The part of each event of rows.events.
using EventParts = std::vector<EventPart>;

/// Uniform in [0, 1), the draw of this purpose for (user, item).
[[nodiscard]] double pair_draw(std::uint64_t seed, RandomPurpose purpose, Index user, Index item);

/// Each event independently with probability `fraction`, drawn by (user, item). Local.
[[nodiscard]] EventParts hold_out_at_random(const UserEvents& rows, double fraction, std::uint64_t seed);

/// The `count` latest events of each user, ties of time in ascending order of item; users with `count` events or fewer
/// keep all. Local.
[[nodiscard]] EventParts hold_out_last(const UserEvents& rows, Index count);

/// All events after a cut: the earliest one that holds out at most `fraction` of all events. Collective over comm.
struct TemporalHoldout {
  EventParts parts;
  std::int64_t last_trained = 0;  ///< microseconds since 1970
};
[[nodiscard]] TemporalHoldout hold_out_after_cut(const Communicator& comm, const UserEvents& rows, double fraction);

/// Whole users with probability `fraction`, among those with at least two events. Each event of such a user is given
/// for fold-in with probability `given_fraction`, else held out; at least one is given and one held out. Local.
struct UserHoldout {
  EventParts parts;
  std::vector<Index> users;  ///< local users held out, ascending
};
[[nodiscard]] UserHoldout hold_out_users(const UserEvents& rows, double fraction, double given_fraction,
                                         std::uint64_t seed);

}  // namespace rankwise
