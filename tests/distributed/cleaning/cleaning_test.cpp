// Order statistics, outliers and cancellations against plain loops, on any number of ranks.

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "distributed/cleaning/cancellations.hpp"
#include "distributed/cleaning/fill_values.hpp"
#include "distributed/cleaning/order_statistics.hpp"
#include "distributed/cleaning/outliers.hpp"
#include "distributed/cleaning/value_rules.hpp"
#include "distributed/comm/communicator.hpp"

namespace rankwise {
namespace {

/// Every third of these is on another rank.
std::vector<double> share_of(const Communicator& comm, const std::vector<double>& all) {
  std::vector<double> mine;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (static_cast<int>(i % static_cast<std::size_t>(comm.size())) == comm.rank()) mine.push_back(all[i]);
  }
  return mine;
}

const std::vector<double> numbers{3, -1.5, 7, 7, 0, -0.0, 1e300, 2.25, -1e-300, 3, 3, 12};

TEST(OrderStatistics, QuantilesAreThoseOfTheSortedNumbers) {
  const Communicator comm = Communicator::world();
  std::vector<double> sorted = numbers;
  std::ranges::sort(sorted);
  const std::array shares{0.0, 0.1, 0.25, 0.5, 0.77, 1.0};
  const auto found = quantiles(comm, share_of(comm, numbers), shares);
  ASSERT_TRUE(found);
  for (std::size_t s = 0; s < shares.size(); ++s) EXPECT_EQ((*found)[s], sorted_quantile(sorted, shares[s])) << s;
  EXPECT_EQ((*found)[3], 3);
  EXPECT_FALSE(quantiles(comm, {}, shares));
}

// numpy.quantile([1, 2, 4, 8, 16], [0.1, 0.35, 0.9])
TEST(OrderStatistics, QuantilesAreNumpys) {
  const std::vector<double> values{1, 2, 4, 8, 16};
  EXPECT_DOUBLE_EQ(sorted_quantile(values, 0.1), 1.4);
  EXPECT_DOUBLE_EQ(sorted_quantile(values, 0.35), 2.8);
  EXPECT_DOUBLE_EQ(sorted_quantile(values, 0.9), 12.8);
}

TEST(OrderStatistics, TheModeIsTheSmallestOfTheMostFrequent) {
  const Communicator comm = Communicator::world();
  EXPECT_EQ(mode(comm, share_of(comm, numbers)), 3);
  EXPECT_EQ(mode(comm, share_of(comm, {5, 2, 5, 2, 9})), 2);
  EXPECT_FALSE(mode(comm, {}));
}

TEST(FillValues, StatisticsLookAtTheNumbersThatAreThere) {
  const Communicator comm = Communicator::world();
  const double missing = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> mine = share_of(comm, {1, missing, 2, 6, missing});
  EXPECT_EQ(fill_statistic(comm, mine, FillStatistic::mean), 3);
  EXPECT_EQ(fill_statistic(comm, mine, FillStatistic::median), 2);
  std::vector<double> filled = mine;
  EXPECT_EQ(comm.sum(fill_missing(filled, 4)), 2);
  EXPECT_FALSE(fill_statistic(comm, std::vector{missing}, FillStatistic::mean));
}

// Quartiles 2.75 and 6.25; median 4.5 with the deviation 2 (scipy.stats.median_abs_deviation).
TEST(Outliers, BoundsAreThoseOfTheDefinition) {
  const std::vector<double> values{1, 2, 3, 4, 5, 6, 7, 100};
  const auto iqr = sorted_bounds(values, {.kind = OutlierRule::Kind::iqr, .multiple = 1.5});
  EXPECT_DOUBLE_EQ(iqr->least, 2.75 - 1.5 * 3.5);
  EXPECT_DOUBLE_EQ(iqr->most, 6.25 + 1.5 * 3.5);
  const auto mad = sorted_bounds(values, {.kind = OutlierRule::Kind::mad, .multiple = 2});
  EXPECT_DOUBLE_EQ(mad->most, 4.5 + 2 * 2 / 0.6744897501960817);
  EXPECT_FALSE(sorted_bounds(std::vector<double>{3, 3, 3, 9}, {.kind = OutlierRule::Kind::mad}));
}

/// One user's rows on one item: (time, quantity, value).
struct Row {
  std::int64_t time;
  double quantity;
  double value;
};

RuleLog log_of(UserEvents& events, RejectedRows& rejected, const std::vector<Row>& rows) {
  events.users = {0, 1};
  events.total_users = 1;
  events.items = 1;
  events.timed = true;
  events.offsets = {0, static_cast<Index>(rows.size())};
  RuleLog log{events, {}, rejected};
  for (std::size_t r = 0; r < rows.size(); ++r) {
    events.events.push_back(
        {.value = rows[r].value, .time_microseconds = rows[r].time, .position = static_cast<std::int64_t>(r) + 1});
    log.quantities.push_back(rows[r].quantity);
  }
  return log;
}

TEST(Cancellations, TakeFromTheNearestEarlierPurchases) {
  UserEvents events;
  RejectedRows rejected(RejectedRows::Keep::rows);
  RuleLog log = log_of(events, rejected, {{10, 6, 12}, {20, 2, 8}, {40, 5, 5}, {30, -4, -9}});
  const CancellationCounts counts = match_cancellations(log, Unmatched::drop);
  EXPECT_EQ(counts.matched, 1);
  EXPECT_EQ(counts.purchases_gone, 1);
  EXPECT_EQ(counts.purchases_less, 1);
  ASSERT_EQ(events.events.size(), 2U);
  EXPECT_EQ(events.events[0].value, 8);  // 4 of 6 are left
  EXPECT_EQ(log.quantities[0], 4);
  EXPECT_EQ(events.events[1].value, 5);  // later than the cancellation
}

TEST(Cancellations, WhatFindsNoPurchaseIsCountedApart) {
  UserEvents events;
  RejectedRows rejected;
  RuleLog log = log_of(events, rejected, {{10, 1, 3}, {20, -4, -12}, {5, -1, -2}});
  const CancellationCounts counts = match_cancellations(log, Unmatched::keep);
  EXPECT_EQ(counts.partly_matched, 1);
  EXPECT_EQ(counts.unmatched, 1);
  EXPECT_EQ(counts.kept, 2);
  ASSERT_EQ(events.events.size(), 2U);
  EXPECT_EQ(events.events[0].value, -9);
  EXPECT_EQ(events.events[1].value, -2);
}

TEST(ExactRepeats, AreOfOneOrder) {
  UserEvents events;
  RejectedRows rejected(RejectedRows::Keep::rows);
  RuleLog log = log_of(events, rejected, {{10, 1, 2}, {10, 1, 2}, {10, 1, 2}, {10, 2, 2}});
  log.orders = {7, 9, 7, 7};
  EXPECT_EQ(drop_exact_repeats(log), 1);
  EXPECT_EQ(log.orders, (std::vector<std::int32_t>{7, 9, 7}));
  ASSERT_EQ(rejected.rows().size(), 1U);
  EXPECT_EQ(rejected.rows()[0].position, 3);
}

// Two orders of one time: the same one is taken back, whichever comes first in the input.
TEST(Cancellations, OfEqualTimesTakeFromTheSameOrder) {
  for (const bool swapped : {false, true}) {
    UserEvents events;
    RejectedRows rejected;
    RuleLog log = log_of(events, rejected, {{10, 3, swapped ? 6. : 9.}, {10, 3, swapped ? 9. : 6.}, {20, -3, -9}});
    log.orders = swapped ? std::vector<std::int32_t>{5, 4, 8} : std::vector<std::int32_t>{4, 5, 8};
    match_cancellations(log, Unmatched::drop);
    ASSERT_EQ(events.events.size(), 1U);
    EXPECT_EQ(events.events[0].value, 9);
    EXPECT_EQ(log.orders, std::vector<std::int32_t>{4});
  }
}

}  // namespace
}  // namespace rankwise
