// Outcomes of customers in a window, brought to a list, and their sums, beside plain loops.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "distributed/comm/environment.hpp"
#include "distributed/experiments/customer_outcomes.hpp"
#include "distributed/experiments/group_outcomes.hpp"
#include "distributed/profiles/log_span.hpp"
#include "distributed/rows/partition.hpp"

namespace rankwise {
namespace {

constexpr std::int64_t second = 1'000'000;

Orders orders_of_two() {
  Orders orders;
  orders.users = {0, 2};
  orders.total_users = 2;
  orders.offsets = {0, 4, 5};
  orders.times_seconds = std::vector<std::int64_t>{99, 100, 150, 200, 150};
  orders.amounts = {1, 10.5, -2.25, 50, 0.1 + 0.2};
  orders.lines.rows = {0, 5};
  orders.lines.offsets = {0, 1, 3, 4, 5, 6};
  orders.lines.columns = {0, 0, 1, 1, 0, 2};
  orders.lines.values = {1, 4.5, 6, -2.25, 50, 0.3};
  return orders;
}

TEST(CustomerOutcomes, WindowsHoldTheirBeginAndNotTheirEnd) {
  const std::vector<TimeWindow> windows(2, {100 * second, 200 * second});
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto outcomes = outcomes_in(orders_of_two(), windows, std::vector<double>{0.5, 0.25, nan});
  ASSERT_TRUE(outcomes);
  EXPECT_EQ(outcomes->orders, (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(outcomes->revenue_millionths, (std::vector<std::int64_t>{8'250'000, 300'000}));
  EXPECT_EQ(outcomes->margin_millionths, (std::vector<std::int64_t>{2'250'000 + 1'500'000 - 562'500, 0}));
  EXPECT_TRUE(outcomes_in(orders_of_two(), windows, {})->margin_millionths.empty());
}

TEST(CustomerOutcomes, MoneyBeyondMillionthsIsNone) {
  Orders orders = orders_of_two();
  const std::vector<TimeWindow> windows(2, {100 * second, 200 * second});
  for (const double amount : {5e12, -5e12, std::numeric_limits<double>::infinity()}) {
    orders.amounts[1] = amount;
    EXPECT_FALSE(outcomes_in(orders, windows, {})) << amount;
  }
}

IdRows numbered(const Communicator& comm, Index first, Index count) {
  const RowRange mine = Partition::by_count(count, comm.size()).range(comm.rank());
  std::vector<std::int64_t> ids;
  for (Index row = mine.begin; row < mine.end; ++row) ids.push_back(first + row);
  return {mine, count, ids};
}

TEST(CustomerOutcomes, ComeToTheListThatAsks) {
  const Communicator comm = Communicator::world();
  const IdRows known = numbered(comm, 0, 50);
  const IdRows listed = numbered(comm, 40, 20);
  CustomerOutcomes outcomes;
  for (Index row = known.rows.begin; row < known.rows.end; ++row) {
    outcomes.orders.push_back(row);
    outcomes.revenue_millionths.push_back(-row);
    outcomes.margin_millionths.push_back(7 * row);
  }
  const ListedCustomers matched = match_listed(comm, listed, known);
  EXPECT_EQ(matched.found, 10);
  const CustomerOutcomes of_listed = outcomes_of_listed(comm, matched, known.rows, outcomes);
  for (Index place = 0; place < listed.rows.size(); ++place) {
    const Index id = 40 + listed.rows.begin + place;
    const Index expected = id < 50 ? id : 0;
    EXPECT_EQ(of_listed.orders[static_cast<std::size_t>(place)], expected);
    EXPECT_EQ(of_listed.revenue_millionths[static_cast<std::size_t>(place)], -expected);
    EXPECT_EQ(of_listed.margin_millionths[static_cast<std::size_t>(place)], 7 * expected);
  }
  for (Index row = known.rows.begin; row < known.rows.end; ++row) {
    EXPECT_EQ(matched.listed_of_row[static_cast<std::size_t>(row - known.rows.begin)], row < 40 ? -1 : row - 40);
  }
}

/// The same customers whatever the number of ranks.
struct Customers {
  std::vector<std::int32_t> groups;
  std::vector<std::int64_t> outcomes;
  std::vector<std::int64_t> past;
};

Customers customers_in(RowRange rows) {
  Customers customers;
  for (Index row = rows.begin; row < rows.end; ++row) {
    std::mt19937_64 random(static_cast<std::uint64_t>(row));
    customers.groups.push_back(static_cast<std::int32_t>(random() % 3) - 1);
    customers.outcomes.push_back(static_cast<std::int64_t>(random() % 5 == 0 ? 0 : random() % 1000) - 200);
    customers.past.push_back(static_cast<std::int64_t>(random() % 100));
  }
  return customers;
}

TEST(GroupOutcomes, SumsArePlainOnes) {
  const Communicator comm = Communicator::world();
  constexpr Index count = 301;
  const RowRange mine = Partition::by_count(count, comm.size()).range(comm.rank());
  const Customers own = customers_in(mine);
  std::vector<CellMember> members;
  for (std::int32_t customer = 0; customer < std::ssize(own.groups); ++customer) {
    members.push_back({customer, 0});
    members.push_back({customer, static_cast<std::int32_t>((mine.begin + customer) % 2 + 1)});
  }
  const auto sums = sum_outcomes(comm, members, 3, own.groups, 2, own.outcomes, own.past);
  const Customers all = customers_in({0, count});
  for (Index cell = 0; cell < 3; ++cell) {
    for (std::int32_t group = 0; group < 2; ++group) {
      OutcomeSums expected;
      double magnitude = 0;
      double largest = 0;
      for (Index row = 0; row < count; ++row) {
        const auto place = static_cast<std::size_t>(row);
        if (all.groups[place] != group || (cell > 0 && row % 2 + 1 != cell)) continue;
        expected.add(all.outcomes[place], all.past[place]);
        magnitude += std::abs(static_cast<double>(all.outcomes[place]));
        largest = std::max(largest, std::abs(static_cast<double>(all.outcomes[place])));
      }
      const GroupOutcome& found = sums[static_cast<std::size_t>(cell * 2 + group)];
      EXPECT_EQ(found.sums.customers, expected.customers);
      EXPECT_EQ(found.sums.outcome_square.of, expected.outcome_square.of);
      EXPECT_EQ(found.sums.outcome_past.of, expected.outcome_past.of);
      EXPECT_NEAR(found.magnitude, magnitude / 1e6, 1e-12);
      EXPECT_NEAR(found.largest, largest / 1e6, 1e-12);
      EXPECT_FALSE(found.is_dominated());
    }
  }
}

TEST(GroupOutcomes, QuantilesOfAllWhoAreInAGroup) {
  const Communicator comm = Communicator::world();
  constexpr Index count = 301;
  const RowRange mine = Partition::by_count(count, comm.size()).range(comm.rank());
  const Customers own = customers_in(mine);
  const Customers all = customers_in({0, count});
  std::vector<std::int64_t> sorted;
  for (std::size_t place = 0; place < all.groups.size(); ++place) {
    if (all.groups[place] >= 0) sorted.push_back(all.outcomes[place]);
  }
  std::ranges::sort(sorted);
  for (const double share : {0.001, 0.3, 0.5, 0.999, 1.0}) {
    const auto place = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size()))) - 1;
    EXPECT_EQ(pooled_quantile(comm, own.outcomes, own.groups, share), sorted[place]) << share;
  }
  const std::vector<std::int32_t> nobody(own.groups.size(), -1);
  EXPECT_EQ(pooled_quantile(comm, own.outcomes, nobody, 0.5), 0);
}

/// This rank's share of `count` customers: the first `rich` have 1,000,000 and more, every third is in group 1.
MoneyCut cut_of(const Communicator& comm, Index count, Index rich, Index least) {
  const RowRange mine = Partition::by_count(count, comm.size()).range(comm.rank());
  std::vector<std::int64_t> values;
  std::vector<std::int32_t> groups;
  for (Index customer = mine.begin; customer < mine.end; ++customer) {
    values.push_back(customer < rich ? 1'234'567 + customer : customer % 90);
    groups.push_back(customer % 3 == 0 ? 1 : 0);
  }
  return money_cut(comm, values, groups, 2, 0.999, least);
}

TEST(MoneyCut, IsNobodysAmountAndNeedsEnoughAboveIt) {
  const Communicator comm = Communicator::world();
  const MoneyCut enough = cut_of(comm, 3000, 30, 10);  // 20 and 10 above
  EXPECT_EQ(enough.bound_millionths, 1'200'000);
  EXPECT_TRUE(enough.is_printable);
  EXPECT_FALSE(cut_of(comm, 3000, 30, 11).is_printable);
  EXPECT_FALSE(cut_of(comm, 500, 1, 10).is_printable);  // the largest customer alone
  EXPECT_FALSE(cut_of(comm, 0, 0, 10).is_printable);
}

TEST(LogSpan, FewWrongDatesDoNotCount) {
  const Communicator comm = Communicator::world();
  constexpr std::int64_t day = 86'400;
  constexpr std::int64_t begin = 19'000 * day;
  const auto span_of = [&](const std::vector<std::int64_t>& others, std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> times;
    const RowRange mine = Partition::by_count(500, comm.size()).range(comm.rank());
    for (Index order = mine.begin; order < mine.end; ++order) times.push_back(begin + order * day / 5);
    if (comm.rank() == comm.size() - 1) times.insert(times.end(), others.begin(), others.end());
    return log_span(comm, times, first, last);
  };
  constexpr std::int64_t end = begin + 499 * day / 5;
  const LogSpan plain = span_of({}, begin, end + 100);
  EXPECT_EQ(std::vector<std::int64_t>({plain.begin_seconds, plain.end_seconds, plain.orders_apart}),
            std::vector<std::int64_t>({begin, end + 100, 0}));
  const LogSpan wrong = span_of({25'000 * day, 26'000 * day, day}, day, 26'000 * day);
  EXPECT_EQ(std::vector<std::int64_t>({wrong.begin_seconds, wrong.end_seconds, wrong.orders_apart}),
            std::vector<std::int64_t>({begin, end, 3}));
  const LogSpan many = span_of({25'000 * day, 25'000 * day, 25'000 * day, 25'000 * day}, begin, 25'000 * day);
  EXPECT_EQ(many.end_seconds, 25'000 * day);  // as many are no mistake
  const LogSpan later = span_of({end + 5 * day}, begin, end + 5 * day);
  EXPECT_EQ(later.end_seconds, end + 5 * day);
  EXPECT_TRUE(plain.reaches((end + 100 + day - 1) * second));
  EXPECT_FALSE(plain.reaches((end + 100 + day) * second));
}

}  // namespace
}  // namespace rankwise
