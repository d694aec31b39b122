#pragma once
// An indexed log in the hands of the ranks that own its users.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/communicator.hpp"
#include "distributed/partition.hpp"
#include "kernels/types.hpp"

namespace rankwise {

/// One row of a log, its ids replaced by global indices.
struct Interaction {
  Index user = 0;
  Index item = 0;
  double value = 0;
  std::int64_t time = 0;      ///< microseconds since 1970; 0 where the log has no times
  std::int64_t position = 0;  ///< ascends in the order of the input
  std::int32_t fold = 0;      ///< 0 where the log has no folds
};

/// What one user did with one item.
struct Event {
  Index item = 0;
  double value = 0;
  std::int64_t time = 0;
  std::int64_t position = 0;
  std::int32_t fold = 0;
};

/// This rank's users and their events.
struct UserEvents {
  RowRange users;         ///< global rows held here
  Index total_users = 0;  ///< over all ranks
  Index items = 0;
  std::vector<Index> offsets{0};  ///< users.size() + 1
  std::vector<Event> events;      ///< of each user, ascending by (item, position)
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

/// BEFORE: any rank holds any rows of the log. AFTER: each rank holds all events of the users that `users` gives it.
/// Collective over comm.
[[nodiscard]] UserEvents events_by_user(const Communicator& comm, std::vector<Interaction> interactions,
                                        const Partition& users, Index items);

/// Values per destination rank from records in any order: a stable counting sort. `owner(record)` is a rank.
template <class Record, class Owner>
std::vector<Record> sorted_by_owner(std::span<const Record> records, int ranks, Owner&& owner,
                                    std::vector<Index>& counts) {
  counts.assign(static_cast<std::size_t>(ranks), 0);
  std::vector<std::int32_t> owners;
  owners.reserve(records.size());
  for (const Record& record : records) {
    const int rank = owner(record);
    owners.push_back(rank);
    ++counts[static_cast<std::size_t>(rank)];
  }
  std::vector<Index> next(counts.size(), 0);
  for (std::size_t rank = 1; rank < counts.size(); ++rank) next[rank] = next[rank - 1] + counts[rank - 1];
  std::vector<Record> sorted(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    sorted[static_cast<std::size_t>(next[static_cast<std::size_t>(owners[i])]++)] = records[i];
  }
  return sorted;
}

}  // namespace rankwise
