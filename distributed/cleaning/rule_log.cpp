#include "distributed/cleaning/rule_log.hpp"

#include <algorithm>
#include <span>

#include "distributed/comm/key_exchange.hpp"

namespace rankwise {

Index RuleLog::drop(RowRule rule, const std::vector<char>& is_dropped) {
  std::size_t kept = 0;
  for (Index u = 0; u < events.users.size(); ++u) {
    const auto begin = static_cast<std::size_t>(events.offsets[static_cast<std::size_t>(u)]);
    const auto end = begin + events.of(u).size();
    const std::size_t first_kept = kept;
    for (std::size_t e = begin; e < end; ++e) {
      if (is_dropped[e] != 0) {
        rejected.add(rule, events.events[e].position);
        continue;
      }
      if (!quantities.empty()) quantities[kept] = quantities[e];
      if (!orders.empty()) orders[kept] = orders[e];
      events.events[kept++] = events.events[e];
    }
    // The next user's begin is still the old one: it is read before it is written.
    events.offsets[static_cast<std::size_t>(u)] = static_cast<Index>(first_kept);
  }
  events.offsets.back() = static_cast<Index>(kept);
  const auto dropped = static_cast<Index>(events.events.size() - kept);
  events.events.resize(kept);
  if (!quantities.empty()) quantities.resize(kept);
  if (!orders.empty()) orders.resize(kept);
  return dropped;
}

template <class Value>
std::vector<Value> values_by_user(const Communicator& comm, std::vector<PlacedValue<Value>> values,
                                  const Partition& users, const UserEvents& events) {
  using Placed = PlacedValue<Value>;
  std::vector<Index> counts;
  const std::vector<Placed> sorted = sorted_by_owner(
      std::span<const Placed>(values), comm.size(), [&](const Placed& one) { return users.owner(one.user); }, counts);
  values = {};
  std::vector<Placed> received = comm.exchange(std::span<const Placed>(sorted), counts).values;
  std::ranges::sort(received, {}, &Placed::position);
  std::vector<Value> result;
  result.reserve(received.size());
  for (const Event& event : events.events) {
    result.push_back(std::ranges::lower_bound(received, event.position, {}, &Placed::position)->value);
  }
  return result;
}

template std::vector<double> values_by_user(const Communicator& comm, std::vector<PlacedValue<double>> values,
                                            const Partition& users, const UserEvents& events);
template std::vector<std::int32_t> values_by_user(const Communicator& comm,
                                                  std::vector<PlacedValue<std::int32_t>> values, const Partition& users,
                                                  const UserEvents& events);

DropWatch::DropWatch(const UserEvents& before, const RejectedRows& rejected) : rows_before_(std::ssize(before.events)) {
  if (!rejected.keeps_rows()) return;
  positions_.reserve(before.events.size());
  for (const Event& event : before.events) positions_.push_back(event.position);
}

Index DropWatch::finish(const UserEvents& after, RowRule rule, RejectedRows& rejected) const {
  auto next = after.events.begin();
  for (const std::int64_t position : positions_) {
    if (next != after.events.end() && next->position == position) {
      ++next;
    } else {
      rejected.add(rule, position);
    }
  }
  return rows_before_ - std::ssize(after.events);
}

}  // namespace rankwise
