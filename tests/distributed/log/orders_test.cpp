// Orders of a log on any number of ranks against plain loops.

#include "distributed/log/orders.hpp"

#include <map>
#include <tuple>

#include "kernels/base/time_units.hpp"
#include "tests/distributed/log/log_case.hpp"

namespace rankwise {
namespace {

using OrdersTest = LogCase;

/// The order of a row, by where it is in the log.
std::int32_t order_of(std::int64_t position) {
  return static_cast<std::int32_t>(position * 7 % 31);
}

std::vector<std::int32_t> order_numbers(const UserEvents& events) {
  std::vector<std::int32_t> orders;
  for (const Event& event : events.events) orders.push_back(order_of(event.position));
  return orders;
}

/// (user, time, order) to its lines (item, value, part), ascending.
using Expected =
    std::map<std::tuple<Index, std::int64_t, std::int32_t>, std::vector<std::tuple<Index, double, LinePart>>>;

TEST_F(OrdersTest, AreThoseOfPlainLoops) {
  WholeLog log = random_log(40, 25, 700, 11);
  for (Interaction& row : log.rows) row.time_microseconds = row.time_microseconds * microseconds_per_second + 5;
  UserEvents events = distributed(log);
  std::vector<OrderLine> lines = order_lines(events, order_numbers(events));
  std::vector<Index> heldout;
  for (Index u = 0; u < events.users.size(); ++u) {
    if ((events.users.begin + u) % 5 == 2) heldout.push_back(u);
    for (Event& event : events.of(u)) event.part = event.item % 3 == 0 ? EventPart::heldout : EventPart::training;
  }
  for (Event& event : events.events) event.value = -1;  // what becomes of values later does not count
  place_lines(comm_, events, heldout, lines);
  for (Event& event : events.events) event.part = event.item % 3 == 1 ? EventPart::heldout : EventPart::training;
  std::erase_if(events.events, [](const Event& event) { return event.item % 3 == 0; });  // as for a validation part
  mark_validation(events, lines);
  const Orders orders = orders_of(comm_, lines, {.users = log.users, .items = log.items, .timed = true});

  Index training_users = 0;
  for (Index user = 0; user < log.users; ++user) training_users += user % 5 == 2 ? 0 : 1;
  const auto row_of = [&](Index user) {
    const Index before = (user + 2) / 5;  // held-out users below it
    return user % 5 == 2 ? training_users + before : user - before;
  };
  std::map<std::pair<Index, std::int32_t>, std::vector<Interaction>> groups;
  for (const Interaction& row : log.rows) groups[{row_of(row.user), order_of(row.position)}].push_back(row);
  Expected expected;
  for (const auto& [key, rows] : groups) {
    const std::int64_t time = std::ranges::min(rows, {}, &Interaction::time_microseconds).time_microseconds;
    auto& of_order = expected[{key.first, seconds_of(time), key.second}];
    for (const Interaction& row : rows) {
      of_order.emplace_back(row.item, row.value,
                            row.item % 3 == 0   ? LinePart::heldout
                            : row.item % 3 == 1 ? LinePart::validation
                                                : LinePart::training);
    }
    std::ranges::sort(of_order);
  }

  EXPECT_EQ(orders.lines.total_rows, std::ssize(expected));
  EXPECT_EQ(comm_.sum(orders.size()), std::ssize(expected));
  EXPECT_EQ(comm_.sum(orders.lines.entries()), std::ssize(log.rows));
  auto next = std::next(expected.begin(), orders.lines.rows.begin);
  for (Index u = 0; u < orders.users.size(); ++u) {
    for (Index o = orders.offsets[static_cast<std::size_t>(u)]; o < orders.offsets[static_cast<std::size_t>(u) + 1];
         ++o, ++next) {
      const auto order = static_cast<std::size_t>(o);
      EXPECT_EQ(std::get<0>(next->first), orders.users.begin + u);
      EXPECT_EQ(std::get<1>(next->first), (*orders.times_seconds)[order]);
      std::vector<std::tuple<Index, double, LinePart>> found;
      double amount = 0;
      for (auto line = static_cast<std::size_t>(orders.lines.offsets[order]);
           line < static_cast<std::size_t>(orders.lines.offsets[order + 1]); ++line) {
        found.emplace_back(orders.lines.columns[line], orders.lines.values[line], orders.parts[line]);
        amount += orders.lines.values[line];
      }
      EXPECT_EQ(orders.amounts[order], amount);
      EXPECT_TRUE(std::ranges::is_sorted(found, {}, [](const auto& line) { return std::get<0>(line); }));
      std::ranges::sort(found);
      EXPECT_EQ(found, next->second);
    }
  }
}

TEST_F(OrdersTest, OfTwoUsersAreTwo) {
  const UserEvents events = distributed({2, 2, {{0, 0, 1, 0, 0}, {0, 1, 1, 0, 31}, {1, 0, 1, 0, 62}, {1, 1, 1, 0, 3}}});
  EXPECT_EQ(comm_.sum(count_orders(events, order_numbers(events))), 3);
  EXPECT_EQ(count_orders(events, days_of(events)), events.users.size());
}

}  // namespace
}  // namespace rankwise
