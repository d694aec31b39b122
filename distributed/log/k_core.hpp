#pragma once
// Drops users and items with too few events, and renumbers what is left.

#include <vector>

#include "distributed/log/events.hpp"

namespace rankwise {

/// Which users and items stay.
struct KeptRows {
  std::vector<Index> users;  ///< this rank's local users, ascending
  std::vector<Index> items;  ///< global items, ascending; the same on every rank
};

/// What keep_k_core did, over all ranks.
struct DroppedCounts {
  Index users = 0;
  Index items = 0;
  Index events = 0;                   ///< that count
  Index rounds = 0;                   ///< passes until both bounds held
  std::vector<Index> rows_of_rounds;  ///< rows that each of these dropped
};

/// Drops users with fewer than `min_user_events` events that count (Event::counts) and items with fewer than
/// `min_item_events`, again and again until both bounds hold: dropping an item may take a user below its bound. The
/// result is the largest log that satisfies both, so it depends on no order. Both bounds are at least 1: every user and
/// item without events that count goes too. Afterwards `rows` is numbered by what was kept. Collective over comm; holds
/// one integer per item.
DroppedCounts keep_k_core(const Communicator& comm, UserEvents& rows, Index min_user_events, Index min_item_events,
                          KeptRows& kept);

}  // namespace rankwise
