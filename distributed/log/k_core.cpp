#include "distributed/log/k_core.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace rankwise {

namespace {
std::vector<Index> count_items(const Communicator& comm, const UserEvents& rows) {
  std::vector<Index> counts(at(rows.items), 0);
  for (const Event& event : rows.events) counts[at(event.item)] += event.counts ? 1 : 0;
  comm.all_reduce_sum(std::span(counts));
  return counts;
}

Index count_interactions(const UserEvents& rows) {
  return std::ranges::count(rows.events, true, &Event::counts);
}

/// Drops the events of rare items, then those of rare users; the number of dropped events.
Index drop_once(UserEvents& rows, const std::vector<Index>& item_counts, Index min_user_events, Index min_item_events) {
  std::size_t kept = 0;
  for (Index u = 0; u < rows.users.size(); ++u) {
    const std::span<const Event> events = std::as_const(rows).of(u);
    const std::size_t begin = kept;
    rows.offsets[at(u)] = static_cast<Index>(begin);
    Index counted = 0;
    for (const Event& event : events) {
      if (item_counts[at(event.item)] < min_item_events) continue;
      counted += event.counts ? 1 : 0;
      rows.events[kept++] = event;
    }
    if (counted < min_user_events) kept = begin;
  }
  rows.offsets.back() = static_cast<Index>(kept);
  const auto dropped = static_cast<Index>(rows.events.size() - kept);
  rows.events.resize(kept);
  return dropped;
}

/// New numbers for users that have events and for items that have any.
void renumber(const Communicator& comm, UserEvents& rows, const std::vector<Index>& item_counts, KeptRows& kept) {
  std::vector<Index> offsets{0};
  for (Index u = 0; u < rows.users.size(); ++u) {
    if (rows.of(u).empty()) continue;
    kept.users.push_back(u);
    offsets.push_back(rows.offsets[at(u) + 1]);
  }
  std::vector<Index> new_item(item_counts.size(), 0);
  for (std::size_t item = 0; item < item_counts.size(); ++item) {
    if (item_counts[item] == 0) continue;
    new_item[item] = static_cast<Index>(kept.items.size());
    kept.items.push_back(static_cast<Index>(item));
  }
  for (Event& event : rows.events) event.item = static_cast<std::int32_t>(new_item[at(event.item)]);
  const auto users = static_cast<Index>(kept.users.size());
  const Index begin = comm.exclusive_sum(users);
  rows.users = {begin, begin + users};
  rows.total_users = comm.sum(users);
  rows.items = static_cast<Index>(kept.items.size());
  rows.offsets = std::move(offsets);
}
}  // namespace

DroppedCounts keep_k_core(const Communicator& comm, UserEvents& rows, Index min_user_events, Index min_item_events,
                          KeptRows& kept) {
  const Index users_before = rows.total_users;
  const Index items_before = rows.items;
  DroppedCounts counts;
  const Index interactions_before = comm.sum(count_interactions(rows));
  std::vector<Index> item_counts = count_items(comm, rows);
  while (true) {
    const Index dropped = comm.sum(drop_once(rows, item_counts, min_user_events, min_item_events));
    if (dropped == 0) break;
    ++counts.rounds;
    counts.rows_of_rounds.push_back(dropped);
    item_counts = count_items(comm, rows);
  }
  kept = {};
  renumber(comm, rows, item_counts, kept);
  counts.users = users_before - rows.total_users;
  counts.items = items_before - rows.items;
  counts.events = interactions_before - comm.sum(count_interactions(rows));
  return counts;
}

}  // namespace rankwise
