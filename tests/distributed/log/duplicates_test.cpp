// The order in which the rows of one pair are merged.

#include "distributed/log/duplicates.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace rankwise {
namespace {

Event row(std::int32_t item, double value, std::int64_t time, std::int64_t position) {
  return {.item = item, .value = value, .time_microseconds = time, .position = position};
}

/// Two users: one with two pairs of several rows, one with a row alone.
UserEvents two_users() {
  UserEvents rows;
  rows.users = {4, 6};
  rows.total_users = 9;
  rows.items = 8;
  rows.offsets = {0, 6, 7};
  rows.events = {row(2, 5, 30, 0), row(2, 1, 20, 3),  row(2, 0.5, 30, 4), row(7, 3, 10, 1),
                 row(7, 3, 10, 2), row(7, -3, 10, 5), row(2, 9, 10, 6)};
  rows.timed = true;
  return rows;
}

std::vector<std::int64_t> positions(const UserEvents& rows) {
  std::vector<std::int64_t> found;
  for (const Event& event : rows.events) found.push_back(event.position);
  return found;
}

TEST(OrderRowsTest, ByTimeThenValueWithinEachPair) {
  for (const DuplicatePolicy policy :
       {DuplicatePolicy::sum, DuplicatePolicy::mean, DuplicatePolicy::max, DuplicatePolicy::error}) {
    UserEvents rows = two_users();
    order_rows(rows, policy);
    EXPECT_EQ(positions(rows), (std::vector<std::int64_t>{3, 4, 0, 5, 1, 2, 6})) << duplicates_name(policy);
    EXPECT_EQ(rows.offsets, two_users().offsets);
  }
}

TEST(OrderRowsTest, LastKeepsTheOrderOfTheInput) {
  UserEvents rows = two_users();
  order_rows(rows, DuplicatePolicy::last);
  EXPECT_EQ(positions(rows), positions(two_users()));
}

TEST(OrderRowsTest, ZerosOfBothSignsHaveOneOrder) {
  UserEvents rows;
  rows.users = {0, 1};
  rows.offsets = {0, 3};
  rows.events = {row(1, 0.0, 0, 0), row(1, -0.0, 0, 1), row(1, -std::numeric_limits<double>::denorm_min(), 0, 2)};
  order_rows(rows, DuplicatePolicy::sum);
  EXPECT_EQ(positions(rows), (std::vector<std::int64_t>{2, 1, 0}));
}

TEST(OrderRowsTest, MergedValuesDoNotDependOnTheOrderOfTheInput) {
  const std::vector<double> values{0.1, 1e16, 0.2, -1e16, 0.7, 3.3};
  std::vector<std::size_t> order{0, 1, 2, 3, 4, 5};
  for (const DuplicatePolicy policy : {DuplicatePolicy::sum, DuplicatePolicy::mean, DuplicatePolicy::max}) {
    std::vector<double> merged;
    do {
      UserEvents rows;
      rows.users = {0, 1};
      rows.offsets = {0, 6};
      for (const std::size_t v : order) rows.events.push_back(row(1, values[v], static_cast<std::int64_t>(v % 2), 0));
      order_rows(rows, policy);
      merged.push_back(merged_value(rows.of(0), policy));
    } while (std::ranges::next_permutation(order).found);
    EXPECT_EQ(merged.size(), 720U);
    EXPECT_EQ(std::ranges::count(merged, merged.front()), 720) << duplicates_name(policy);
  }
}

}  // namespace
}  // namespace rankwise
