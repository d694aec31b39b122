#include "distributed/cleaning/implausible.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {

Index count_pairs(std::span<const Event> events) {
  Index pairs = 0;
  for_each_pair(events, [&](std::span<const Event>) { ++pairs; });
  return pairs;
}

/// The most rows on one UTC day.
Index busiest_day(std::span<const Event> events) {
  std::vector<std::int64_t> days;
  for (const Event& event : events) {
    const std::int64_t seconds = seconds_of(event.time_microseconds);
    days.push_back(seconds / seconds_per_day - (seconds % seconds_per_day < 0 ? 1 : 0));
  }
  std::ranges::sort(days);
  Index most = 0;
  for (auto begin = days.begin(); begin != days.end();) {
    const auto end = std::upper_bound(begin, days.end(), *begin);
    most = std::max(most, static_cast<Index>(end - begin));
    begin = end;
  }
  return most;
}

/// Drops the users that are. Collective.
template <class Implausible>
ImplausibleCounts drop_users(const Communicator& comm, RowRule rule, RuleLog& log, const Implausible& is_implausible) {
  ImplausibleCounts counts;
  std::vector<char> is_dropped(log.events.events.size(), 0);
  for (Index u = 0; u < log.events.users.size(); ++u) {
    const std::span<const Event> events = std::as_const(log.events).of(u);
    if (events.empty() || !is_implausible(events)) continue;
    ++counts.users_or_items;
    std::fill_n(is_dropped.begin() + (events.data() - log.events.events.data()), events.size(), char{1});
  }
  counts.rows = log.drop(rule, is_dropped);
  counts.users_or_items = comm.sum(counts.users_or_items);
  return counts;
}

/// Users of each item, over all ranks. Collective.
std::vector<Index> users_of_items(const Communicator& comm, const UserEvents& events) {
  std::vector<Index> users(static_cast<std::size_t>(events.items), 0);
  for (Index u = 0; u < events.users.size(); ++u) {
    for_each_pair(events.of(u),
                  [&](std::span<const Event> pair) { ++users[static_cast<std::size_t>(pair.front().item)]; });
  }
  comm.all_reduce_sum(std::span<Index>(users));
  return users;
}

}  // namespace

ImplausibleCounts drop_users_of_many_items(const Communicator& comm, Index most, RuleLog& log) {
  return drop_users(comm, RowRule::max_user_count, log,
                    [&](std::span<const Event> events) { return count_pairs(events) > most; });
}

ImplausibleCounts drop_users_of_busy_days(const Communicator& comm, Index most, RuleLog& log) {
  return drop_users(comm, RowRule::max_events_per_day, log,
                    [&](std::span<const Event> events) { return busiest_day(events) > most; });
}

ImplausibleCounts drop_users_of_catalogue(const Communicator& comm, double most_share, RuleLog& log) {
  const std::vector<Index> users = users_of_items(comm, log.events);
  const auto items = std::ranges::count_if(users, [](Index count) { return count > 0; });
  const double most = most_share * static_cast<double>(items);
  return drop_users(comm, RowRule::max_catalogue_share, log,
                    [&](std::span<const Event> events) { return static_cast<double>(count_pairs(events)) > most; });
}

ImplausibleCounts drop_items_of_all(const Communicator& comm, double most_share, RuleLog& log) {
  const std::vector<Index> users = users_of_items(comm, log.events);
  Index active = 0;
  for (Index u = 0; u < log.events.users.size(); ++u) active += log.events.of(u).empty() ? 0 : 1;
  const double most = most_share * static_cast<double>(comm.sum(active));
  const auto is_implausible = [&](Index item) {
    return static_cast<double>(users[static_cast<std::size_t>(item)]) > most;
  };
  ImplausibleCounts counts;
  for (Index item = 0; item < log.events.items; ++item) counts.users_or_items += is_implausible(item) ? 1 : 0;
  std::vector<char> is_dropped(log.events.events.size(), 0);
  for (std::size_t e = 0; e < is_dropped.size(); ++e) is_dropped[e] = is_implausible(log.events.events[e].item) ? 1 : 0;
  counts.rows = log.drop(RowRule::max_item_share, is_dropped);
  return counts;
}

}  // namespace rankwise
