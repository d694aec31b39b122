#include "distributed/log/orders.hpp"

#include <algorithm>
#include <compare>
#include <tuple>

#include "distributed/comm/key_exchange.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {

/// The line of a row of the log, which is there.
OrderLine& line_at(std::vector<OrderLine>& lines, std::int64_t position) {
  return *std::ranges::lower_bound(lines, position, {}, &OrderLine::position);
}

/// As Orders counts them, of each local user. Collective.
std::vector<Index> rows_of_users(const Communicator& comm, Index users, std::span<const Index> heldout_users) {
  const Index heldout = std::ssize(heldout_users);
  Index next = comm.exclusive_sum(users - heldout);
  Index next_heldout = comm.sum(users - heldout) + comm.exclusive_sum(heldout);
  std::vector<Index> rows;
  auto held_out = heldout_users.begin();
  for (Index user = 0; user < users; ++user) {
    const bool is_held_out = held_out != heldout_users.end() && *held_out == user;
    rows.push_back(is_held_out ? next_heldout++ : next++);
    held_out += is_held_out ? 1 : 0;
  }
  return rows;
}

/// By orders, then by all that a line says: equal lines are alike.
bool comes_before(const OrderLine& a, const OrderLine& b) {
  const auto key = [](const OrderLine& line) {
    return std::tuple(line.user, line.order, line.item, line.time_microseconds, line.part);
  };
  const auto one = key(a);
  const auto other = key(b);
  return one != other ? one < other : std::is_lt(std::strong_order(a.value, b.value));
}

/// Neighbours among the lines.
struct OrderSpan {
  Index user = 0;
  std::int64_t time_microseconds = 0;
  std::int32_t order = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Of sorted lines; ascending by user, time and number.
std::vector<OrderSpan> spans_of(const std::vector<OrderLine>& lines) {
  std::vector<OrderSpan> spans;
  for (std::size_t l = 0; l < lines.size(); ++l) {
    const OrderLine& line = lines[l];
    if (spans.empty() || spans.back().user != line.user || spans.back().order != line.order) {
      spans.push_back({line.user, line.time_microseconds, line.order, l, l});
    }
    spans.back().time_microseconds = std::min(spans.back().time_microseconds, line.time_microseconds);
    spans.back().end = l + 1;
  }
  std::ranges::sort(spans, {},
                    [](const OrderSpan& span) { return std::tuple(span.user, span.time_microseconds, span.order); });
  return spans;
}

/// Appends an order.
void append(std::span<const OrderLine> lines, std::int64_t time_microseconds, Orders& orders) {
  double amount = 0;
  for (const OrderLine& line : lines) {
    orders.lines.columns.push_back(line.item);
    orders.lines.values.push_back(line.value);
    orders.parts.push_back(line.part);
    amount += line.value;
  }
  orders.lines.offsets.push_back(std::ssize(orders.lines.columns));
  orders.amounts.push_back(amount);
  if (orders.times_seconds) orders.times_seconds->push_back(seconds_of(time_microseconds));
}

}  // namespace

std::vector<std::int32_t> days_of(const UserEvents& events) {
  std::vector<std::int32_t> days;
  days.reserve(events.events.size());
  for (const Event& event : events.events) {
    days.push_back(static_cast<std::int32_t>(seconds_of(event.time_microseconds) / seconds_per_day));
  }
  return days;
}

Index count_orders(const UserEvents& events, std::span<const std::int32_t> orders) {
  Index count = 0;
  std::vector<std::int32_t> of_user;
  for (Index u = 0; u < events.users.size(); ++u) {
    const auto first = orders.begin() + events.offsets[at(u)];
    of_user.assign(first, first + std::ssize(events.of(u)));
    std::ranges::sort(of_user);
    count += std::unique(of_user.begin(), of_user.end()) - of_user.begin();
  }
  return count;
}

std::vector<OrderLine> order_lines(const UserEvents& events, std::span<const std::int32_t> orders) {
  std::vector<OrderLine> lines;
  lines.reserve(orders.size());
  for (std::size_t e = 0; e < orders.size(); ++e) {
    const Event& event = events.events[e];
    lines.push_back({.position = event.position,
                     .time_microseconds = event.time_microseconds,
                     .value = event.value,
                     .order = orders[e]});
  }
  std::ranges::sort(lines, {}, &OrderLine::position);
  return lines;
}

void place_lines(const Communicator& comm, const UserEvents& events, std::span<const Index> heldout_users,
                 std::vector<OrderLine>& lines) {
  const std::vector<Index> rows = rows_of_users(comm, events.users.size(), heldout_users);
  if (lines.empty()) return;
  constexpr Index gone = -1;
  for (OrderLine& line : lines) line.user = gone;
  for (Index u = 0; u < events.users.size(); ++u) {
    for (const Event& event : events.of(u)) {
      OrderLine& line = line_at(lines, event.position);
      line.user = rows[at(u)];
      line.item = event.item;
      line.part = static_cast<LinePart>(event.part);
    }
  }
  std::erase_if(lines, [](const OrderLine& line) { return line.user == gone; });
}

void mark_validation(const UserEvents& events, std::vector<OrderLine>& lines) {
  if (lines.empty()) return;
  for (const Event& event : events.events) {
    if (event.part == EventPart::training) continue;
    line_at(lines, event.position).part =
        event.part == EventPart::heldout ? LinePart::validation : LinePart::validation_given;
  }
}

Orders orders_of(const Communicator& comm, std::vector<OrderLine> lines, const OrderedLog& log) {
  const Partition users = Partition::by_count(log.users, comm.size());
  std::vector<Index> counts;
  const std::vector<OrderLine> sorted = sorted_by_owner(
      std::span<const OrderLine>(lines), comm.size(), [&](const OrderLine& line) { return users.owner(line.user); },
      counts);
  lines = comm.exchange(std::span<const OrderLine>(sorted), counts).values;
  std::ranges::sort(lines, comes_before);
  const std::vector<OrderSpan> spans = spans_of(lines);

  Orders orders;
  orders.users = users.range(comm.rank());
  orders.total_users = log.users;
  orders.offsets.assign(at(orders.users.size()) + 1, 0);
  const Index first = comm.exclusive_sum(std::ssize(spans));
  orders.lines.rows = {first, first + std::ssize(spans)};
  orders.lines.total_rows = comm.sum(std::ssize(spans));
  orders.lines.column_count = log.items;
  if (log.timed) orders.times_seconds.emplace();
  for (const OrderSpan& span : spans) {
    ++orders.offsets[at(span.user - orders.users.begin) + 1];
    append(std::span(lines).subspan(span.begin, span.end - span.begin), span.time_microseconds, orders);
  }
  for (std::size_t u = 1; u < orders.offsets.size(); ++u) orders.offsets[u] += orders.offsets[u - 1];
  return orders;
}

}  // namespace rankwise
