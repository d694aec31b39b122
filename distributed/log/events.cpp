#include "distributed/log/events.hpp"

#include <algorithm>
#include <utility>

#include "distributed/comm/column_exchange.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {
constexpr double operations_per_row = 100;  // to place and sort it

/// Each rank gets the rows of its users, from the lowest rank first.
IndexedRows at_owners(const Communicator& comm, IndexedRows rows, const Partition& users) {
  const ColumnExchange to_owners(comm, std::ssize(rows.users),
                                 [&](Index row) { return users.owner(rows.users[at(row)]); });
  rows.users = to_owners(std::move(rows.users));
  rows.items = to_owners(std::move(rows.items));
  rows.values = to_owners(std::move(rows.values));
  if (rows.timed) rows.times_microseconds = to_owners(std::move(rows.times_microseconds));
  rows.positions = to_owners(std::move(rows.positions));
  if (rows.folded) rows.folds = to_owners(std::move(rows.folds));
  return rows;
}

/// Where the events of each user begin: users.size() + 1 offsets.
std::vector<Index> count_by_user(const IndexedRows& rows, RowRange users) {
  std::vector<Index> offsets(at(users.size()) + 1, 0);
  for (const std::int32_t user : rows.users) ++offsets[at(user - users.begin) + 1];
  for (std::size_t u = 1; u < offsets.size(); ++u) offsets[u] += offsets[u - 1];
  return offsets;
}

/// Local users in `parts` contiguous ranges of about as many events each: parts + 1 boundaries.
std::vector<Index> even_parts(const std::vector<Index>& offsets, int parts) {
  std::vector<Index> begins{0};
  for (int part = 1; part < parts; ++part) {
    const auto found = std::ranges::lower_bound(offsets, offsets.back() * part / parts);
    begins.push_back(std::max<Index>(begins.back(), found - offsets.begin()));
  }
  begins.push_back(std::ssize(offsets) - 1);
  return begins;
}

/// Puts the rows of the local users in `mine` in their places, and each user's in order.
void place_events(const IndexedRows& rows, RowRange mine, UserEvents& events) {
  std::vector<Index> next(events.offsets.begin() + mine.begin, events.offsets.begin() + mine.end);
  for (std::size_t row = 0; row < rows.users.size(); ++row) {
    const Index user = rows.users[row] - events.users.begin;
    if (!mine.contains(user)) continue;
    events.events[at(next[at(user - mine.begin)]++)] = {
        .item = rows.items[row],
        .fold = rows.folded ? static_cast<std::int16_t>(rows.folds[row]) : std::int16_t{0},
        .value = rows.values[row],
        .time_microseconds = rows.timed ? rows.times_microseconds[row] : 0,
        .position = rows.positions[row]};
  }
  for (Index user = mine.begin; user < mine.end; ++user) {
    std::ranges::sort(events.of(user), [](const Event& a, const Event& b) {
      return a.item != b.item ? a.item < b.item : a.position < b.position;
    });
  }
}
}  // namespace

UserEvents events_by_user(const Communicator& comm, IndexedRows rows, const Partition& users, Index items,
                          int threads) {
  rows = at_owners(comm, std::move(rows), users);
  UserEvents events;
  events.users = users.range(comm.rank());
  events.total_users = users.rows();
  events.items = items;
  events.timed = rows.timed;
  events.folded = rows.folded;
  events.offsets = count_by_user(rows, events.users);
  events.events.resize(rows.users.size());
  // Every thread looks at all users' numbers, 4 bytes a row, and writes what is of its own.
  const int team = team_size(operations_per_row * static_cast<double>(rows.users.size()), threads);
  const std::vector<Index> begins = even_parts(events.offsets, team);
#pragma omp parallel for schedule(static, 1) num_threads(team)
  for (int part = 0; part < team; ++part) {
    place_events(rows, {begins[static_cast<std::size_t>(part)], begins[static_cast<std::size_t>(part) + 1]}, events);
  }
  return events;
}

}  // namespace rankwise
