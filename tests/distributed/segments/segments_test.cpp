// Sums, counts, summaries and matches of customers by group, against plain loops over all of them, on any number of
// ranks.

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "distributed/segments/code_counts.hpp"
#include "distributed/segments/group_summary.hpp"
#include "distributed/segments/group_sums.hpp"
#include "distributed/segments/number_shift.hpp"

namespace rankwise {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <class Value>
std::vector<Value> share_of(const Communicator& comm, const std::vector<Value>& all) {
  const RowRange mine = Partition::by_count(std::ssize(all), comm.size()).range(comm.rank());
  return {all.begin() + mine.begin, all.begin() + mine.end};
}

/// Customers in three groups or none, one of whom holds most of group 2's money.
struct Customers {
  std::vector<std::int32_t> groups;
  std::vector<double> money;

  explicit Customers(std::size_t count) {
    std::mt19937 random(17);
    for (std::size_t row = 0; row < count; ++row) {
      groups.push_back(static_cast<std::int32_t>(random() % 4) - 1);
      money.push_back(random() % 9 == 0 ? nan : static_cast<double>(random() % 1000) / 8);
    }
    groups[5] = 2;
    money[5] = 1e7;
  }
};

TEST(Segments, SumsAndCountsByGroup) {
  const Communicator comm = Communicator::world();
  const Customers all(500);
  const auto groups = share_of(comm, all.groups);
  const auto money = share_of(comm, all.money);
  const std::vector<Index> counts = count_by_group(comm, groups, 3);
  const GroupSums sums = sum_by_group(comm, scale_of(comm, money), money, groups, 3);
  for (std::int32_t group = 0; group < 3; ++group) {
    double sum = 0;
    Index count = 0;
    Index contributors = 0;
    for (std::size_t row = 0; row < all.groups.size(); ++row) {
      if (all.groups[row] != group) continue;
      ++count;
      contributors += all.money[row] > 0 ? 1 : 0;
      sum += std::isnan(all.money[row]) ? 0 : all.money[row];
    }
    EXPECT_EQ(counts[static_cast<std::size_t>(group)], count);
    EXPECT_EQ(sums.sum(static_cast<std::size_t>(group)), sum);  // eighths: exact
    EXPECT_EQ(sums.contributors[static_cast<std::size_t>(group)], contributors);
    EXPECT_EQ(sums.is_dominated(static_cast<std::size_t>(group)), group == 2);
  }
}

double plain_trimmed_mean(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto cut = static_cast<std::ptrdiff_t>(static_cast<double>(values.size()) * trimmed_share);
  double sum = 0;
  for (auto value = values.begin() + cut; value != values.end() - cut; ++value) sum += *value;
  return sum / static_cast<double>(std::ssize(values) - 2 * cut);
}

TEST(Segments, SummariesOfNumbers) {
  const Communicator comm = Communicator::world();
  const Customers all(500);
  const std::vector<NumberSummary> summaries =
      summarize_by_group(comm, share_of(comm, all.money), share_of(comm, all.groups), 3);
  ASSERT_EQ(summaries.size(), 4U);
  for (std::int32_t group = 0; group <= 3; ++group) {  // 3: of all
    std::vector<double> values;
    for (std::size_t row = 0; row < all.groups.size(); ++row) {
      const bool is_in = group == 3 ? all.groups[row] >= 0 : all.groups[row] == group;
      if (is_in && !std::isnan(all.money[row])) values.push_back(all.money[row]);
    }
    const NumberSummary& summary = summaries[static_cast<std::size_t>(group)];
    EXPECT_EQ(summary.known, std::ssize(values));
    EXPECT_NEAR(summary.trimmed_mean, plain_trimmed_mean(values), 1e-9);
    std::sort(values.begin(), values.end());
    const double place = 0.5 * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const double above = values[std::min(below + 1, values.size() - 1)];
    EXPECT_NEAR(summary.median, values[below] + (place - static_cast<double>(below)) * (above - values[below]), 1e-12);
  }
  for (std::size_t group = 0; group < 3; ++group) EXPECT_FALSE(summaries[group].is_dominated);

  // Of ten values without the least and the largest: three that are not 0, of which one has more than half.
  const std::vector<double> values{0, 9, 2, 0, 0, -3, 0, 100, 0, -50};
  const NumberSummary few = summarize_by_group(comm, share_of(comm, values), share_of(comm, std::vector(10, 0)), 1)[0];
  EXPECT_EQ(few.trimmed_mean, 1);
  EXPECT_EQ(few.contributors, 3);
  EXPECT_TRUE(few.is_dominated);
  const std::vector<double> equal(20, 4.0);
  const NumberSummary same = summarize_by_group(comm, share_of(comm, equal), share_of(comm, std::vector(20, 0)), 1)[0];
  EXPECT_EQ(same.trimmed_mean, 4);
  EXPECT_EQ(same.contributors, 16);
  EXPECT_FALSE(same.is_dominated);
  const std::vector<NumberSummary> none = summarize_by_group(comm, {}, {}, 1);
  EXPECT_EQ(none[0].known, 0);
  EXPECT_TRUE(std::isnan(none[1].median));
}

TEST(Segments, BuyersCountOnce) {
  const Communicator comm = Communicator::world();
  const std::vector<std::vector<Index>> items{{0, 1, 2}, {1, 3}, {}, {0, 3}, {2}, {4}};
  const std::vector<std::int32_t> groups{0, 1, 1, 0, -1, 1};
  const std::vector<std::int32_t> codes{0, 0, 1, 1, -1};
  SparseRows rows{.rows = Partition::by_count(std::ssize(items), comm.size()).range(comm.rank()),
                  .total_rows = std::ssize(items),
                  .column_count = 5,
                  .columns = {},
                  .values = {}};
  for (Index row = rows.rows.begin; row < rows.rows.end; ++row) {
    const auto& columns = items[static_cast<std::size_t>(row)];
    rows.columns.insert(rows.columns.end(), columns.begin(), columns.end());
    rows.values.resize(rows.columns.size(), 1);
    rows.offsets.push_back(std::ssize(rows.columns));
  }
  EXPECT_EQ(count_buyers(comm, rows, share_of(comm, groups), 2, codes, 2), (std::vector<Index>{2, 1, 2, 1}));
  const std::vector<std::int32_t> own{1, 0, -1, 1, 1, 0};
  EXPECT_EQ(count_codes(comm, share_of(comm, own), share_of(comm, groups), 2, 2), (std::vector<Index>{0, 2, 2, 0}));
}

TEST(Segments, ValuesOfOtherRowsAreFetched) {
  const Communicator comm = Communicator::world();
  std::vector<double> all;
  for (int row = 0; row < 300; ++row) all.push_back(row * 0.5);
  const RowRange mine = Partition::by_count(300, comm.size()).range(comm.rank());
  const std::vector<Index> rows{299, -1, comm.rank(), 0, 150, 150};
  const std::vector<double> found =
      values_at_rows<double>(comm, rows, mine, share_of(comm, all), std::numeric_limits<double>::infinity());
  EXPECT_EQ(found, (std::vector<double>{149.5, std::numeric_limits<double>::infinity(), comm.rank() * 0.5, 0, 75, 75}));
}

/// The largest difference of both shares up to any of the numbers.
double plain_distance(const std::vector<double>& one, const std::vector<double>& other) {
  double largest = 0;
  for (const std::vector<double>& values : {one, other}) {
    for (const double bound : values) {
      const auto share = [&](const std::vector<double>& of) {
        return static_cast<double>(std::count_if(of.begin(), of.end(), [&](double value) { return value <= bound; })) /
               static_cast<double>(of.size());
      };
      largest = std::max(largest, std::abs(share(one) - share(other)));
    }
  }
  return largest;
}

TEST(Segments, ShiftsOfNumbers) {
  const Communicator comm = Communicator::world();
  std::mt19937 random(23);
  std::vector<double> one;
  std::vector<double> other;
  for (int row = 0; row < 400; ++row) one.push_back(static_cast<double>(random() % 50));
  for (int row = 0; row < 250; ++row) other.push_back(static_cast<double>(random() % 60) - 5);
  EXPECT_DOUBLE_EQ(distribution_distance(comm, share_of(comm, one), share_of(comm, other)), plain_distance(one, other));
  const NumberShift shift = number_shift(comm, share_of(comm, one), share_of(comm, other));
  EXPECT_EQ(shift.before, 400);
  EXPECT_EQ(shift.after, 250);
  EXPECT_GT(shift.stability_index, 0.05);
  EXPECT_EQ(std::accumulate(shift.bins_before.begin(), shift.bins_before.end(), Index{0}), 400);
  EXPECT_EQ(std::accumulate(shift.bins_after.begin(), shift.bins_after.end(), Index{0}), 250);
  EXPECT_EQ(shift.stability_index, population_stability_index(shift.bins_before, shift.bins_after));
  const NumberShift same = number_shift(comm, share_of(comm, one), share_of(comm, one));
  EXPECT_EQ(same.stability_index, 0);
  EXPECT_EQ(same.kolmogorov_smirnov.statistic, 0);
  EXPECT_EQ(same.kolmogorov_smirnov.p, 1);
  EXPECT_TRUE(std::isnan(number_shift(comm, {}, share_of(comm, one)).stability_index));
}

}  // namespace
}  // namespace rankwise
