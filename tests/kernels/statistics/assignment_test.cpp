// Assignment against all ways to assign.

#include "kernels/statistics/assignment.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace rankwise {
namespace {

struct Gains {
  std::vector<std::int64_t> values;
  std::size_t rows;
  std::size_t columns;

  [[nodiscard]] std::int64_t at(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
};

std::int64_t most_by_trying(const Gains& gains, std::size_t row, std::vector<char>& taken, std::size_t skips) {
  if (row == gains.rows) return 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::min();
  const auto consider = [&](std::int64_t gain, std::int64_t rest) {
    if (rest != std::numeric_limits<std::int64_t>::min()) most = std::max(most, gain + rest);
  };
  if (skips > 0) consider(0, most_by_trying(gains, row + 1, taken, skips - 1));
  for (std::size_t column = 0; column < gains.columns; ++column) {
    if (taken[column] != 0) continue;
    taken[column] = 1;
    consider(gains.at(row, column), most_by_trying(gains, row + 1, taken, skips));
    taken[column] = 0;
  }
  return most;
}

TEST(Assignment, IsTheBestOfAll) {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    Gains gains{{}, 1 + random() % 6, 1 + random() % 6};
    for (std::size_t cell = 0; cell < gains.rows * gains.columns; ++cell)
      gains.values.push_back(static_cast<std::int64_t>(random() % 20) - (round % 2 == 0 ? 0 : 10));
    const std::vector<std::ptrdiff_t> columns = best_assignment(gains.values, gains.rows, gains.columns);
    ASSERT_EQ(columns.size(), gains.rows);
    std::vector<char> taken(gains.columns, 0);
    std::int64_t sum = 0;
    std::size_t pairs = 0;
    for (std::size_t row = 0; row < gains.rows; ++row) {
      if (columns[row] < 0) continue;
      const auto column = static_cast<std::size_t>(columns[row]);
      ASSERT_LT(column, gains.columns);
      EXPECT_EQ(taken[column], 0);
      taken[column] = 1;
      sum += gains.at(row, column);
      ++pairs;
    }
    EXPECT_EQ(pairs, std::min(gains.rows, gains.columns));
    std::fill(taken.begin(), taken.end(), 0);
    EXPECT_EQ(sum, most_by_trying(gains, 0, taken, gains.rows - pairs)) << round;
  }
}

TEST(Assignment, FindsAPermutationAndNothingOfNothing) {
  std::vector<std::int64_t> gains(100 * 100, 0);
  for (std::size_t row = 0; row < 100; ++row) gains[row * 100 + (row * 37 + 11) % 100] = 1'000'000'000'000;
  const std::vector<std::ptrdiff_t> columns = best_assignment(gains, 100, 100);
  for (std::size_t row = 0; row < 100; ++row)
    EXPECT_EQ(columns[row], static_cast<std::ptrdiff_t>((row * 37 + 11) % 100));
  EXPECT_TRUE(best_assignment({}, 0, 5).empty());
  EXPECT_EQ(best_assignment({}, 2, 0), (std::vector<std::ptrdiff_t>{-1, -1}));
}

}  // namespace
}  // namespace rankwise
