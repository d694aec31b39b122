#pragma once
// An indexed log in the hands of the ranks that own its users.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows of a log, their ids replaced by global indices; one entry per row in every column. A log of a hundred million
/// rows is moved one column at a time.
struct IndexedRows {
  std::vector<std::int32_t> users;
  std::vector<std::int32_t> items;
  std::vector<double> values;
  std::vector<std::int64_t> times_microseconds;  ///< since 1970; empty unless `timed`
  std::vector<std::int64_t> positions;           ///< ascend in the order of the input
  std::vector<std::int32_t> folds;               ///< empty unless `folded`
  bool timed = false;                            ///< the same on every rank
  bool folded = false;
};

/// What becomes of a row: it is trained on, held out, or given for the fold-in of a user who is held out whole.
enum class EventPart : std::uint8_t { training, heldout, given };

/// One row of a user with one item: 32 bytes, since a rank holds all of its rows in this form.
struct Event {
  std::int32_t item = 0;
  std::int16_t fold = 0;  ///< 0 where the log has no folds
  EventPart part = EventPart::training;
  /// Whether it is counted as an interaction: of the rows of a pair the first one, if they make an interaction.
  bool counts = true;
  double value = 0;
  std::int64_t time_microseconds = 0;  ///< since 1970; 0 where the log has no times
  std::int64_t position = 0;           ///< ascends in the order of the input
};

/// This rank's users and their events.
struct UserEvents {
  RowRange users;         ///< global rows held here
  Index total_users = 0;  ///< over all ranks
  Index items = 0;
  std::vector<Index> offsets{0};  ///< users.size() + 1
  std::vector<Event> events;      ///< of each user, ascending by (item, position), or as order_rows() has it
  bool timed = false;             ///< whether their times mean anything
  bool folded = false;            ///< and their folds

  [[nodiscard]] std::span<Event> of(Index local_user) {
    const auto u = static_cast<std::size_t>(local_user);
    return std::span(events).subspan(static_cast<std::size_t>(offsets[u]),
                                     static_cast<std::size_t>(offsets[u + 1] - offsets[u]));
  }
  [[nodiscard]] std::span<const Event> of(Index local_user) const {
    const auto u = static_cast<std::size_t>(local_user);
    return std::span(events).subspan(static_cast<std::size_t>(offsets[u]),
                                     static_cast<std::size_t>(offsets[u + 1] - offsets[u]));
  }
};

/// Calls `visit` with the rows of each item in turn; they are together in `events`.
template <class AnyEvent, class Visit>
void for_each_pair(std::span<AnyEvent> events, const Visit& visit) {
  for (std::size_t begin = 0; begin < events.size();) {
    std::size_t end = begin + 1;
    while (end < events.size() && events[end].item == events[begin].item) ++end;
    visit(events.subspan(begin, end - begin));
    begin = end;
  }
}

/// BEFORE: any rank holds any rows of the log. AFTER: each rank holds all events of the users that `users` gives it.
/// By `threads` threads at most, whose number changes nothing. Collective over comm.
[[nodiscard]] UserEvents events_by_user(const Communicator& comm, IndexedRows rows, const Partition& users, Index items,
                                        int threads);

}  // namespace rankwise
