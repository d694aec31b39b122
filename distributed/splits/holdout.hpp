#pragma once
// Which events of a log are held out of training. Every choice is a function of the data and the seed, never of the
// ranks. What is drawn is keyed by the seed and the ids alone: neither other rows nor other users can change it.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/events.hpp"
#include "distributed/log/interaction_log.hpp"
#include "distributed/rows/id_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What names the users and items of events in any log: keys of their ids (distributed/rows/id_keys.hpp).
struct EventKeys {
  std::vector<std::uint64_t> users;  ///< of this rank's, as UserEvents::users has them
  std::vector<std::uint64_t> items;  ///< of all
};

/// `users`: the rows that this rank has of UserEvents, or of a matrix. Collective over comm.
[[nodiscard]] EventKeys event_keys(const Communicator& comm, const IdRows& users, const IdRows& items);

/// Each pair, with all of its rows, independently with probability `fraction`, drawn by (user, item). Local.
void hold_out_at_random(UserEvents& rows, const EventKeys& keys, double fraction, std::uint64_t seed);

/// Each item, with all of its rows, independently with probability `fraction`. Local.
void hold_out_items(UserEvents& rows, const EventKeys& keys, double fraction, std::uint64_t seed);

/// The `count` latest of each user's distinct (item, time): all rows of them. Items of one time are in the order of a
/// draw by (user, item). Users with `count` such or fewer keep all. Local.
void hold_out_last(UserEvents& rows, const EventKeys& keys, Index count, std::uint64_t seed);

/// All rows after a cut: the earliest one that holds out at most `fraction` of all distinct (user, item, time). Returns
/// the last time before it, in microseconds since 1970. Collective over comm.
std::int64_t hold_out_after_cut(const Communicator& comm, UserEvents& rows, double fraction);

/// Whole users with probability `fraction`, among those with at least two interactions (Event::counts). Each pair of
/// such a user, with all of its rows, is given for fold-in with probability `given_fraction`, else held out; at least
/// one interaction is given and one held out. Returns the local users held out, ascending. Local.
std::vector<Index> hold_out_users(UserEvents& rows, const EventKeys& keys, double fraction, double given_fraction,
                                  std::uint64_t seed);

/// A row that the log puts outside of training.
struct MarkedRow {
  std::int64_t position = 0;  ///< as Event::position
  SplitMark mark = SplitMark::heldout;
};

/// Those rows that have this mark; `marked` ascend by position and hold at least this rank's. Local.
void hold_out_marked(UserEvents& rows, std::span<const MarkedRow> marked, SplitMark mark);

}  // namespace rankwise
