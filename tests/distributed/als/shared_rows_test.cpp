// Which parts of long rows go to which ranks.

#include "distributed/als/shared_rows.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

#include "kernels/als/solve_rows.hpp"

namespace rankwise {
namespace {

constexpr double entry_seconds = 1e-6;

/// Rows of one chunk per rank, all of one cost but for long rows.
struct Side {
  Partition rows;
  std::vector<double> costs;
  std::vector<LongRow> long_rows;

  Side(int ranks, double other_seconds, std::vector<LongRow> lengths)
      : rows(Partition::by_count(ranks * chunk_rows, ranks)),
        costs(static_cast<std::size_t>(ranks), other_seconds),
        long_rows(std::move(lengths)) {
    for (const LongRow& row : long_rows) {
      costs[static_cast<std::size_t>(rows.owner(row.row))] += static_cast<double>(row.entries) * entry_seconds;
    }
  }
  [[nodiscard]] std::vector<SharedRow> shared() const { return share_rows(rows, costs, long_rows, entry_seconds); }
};

/// What each rank has to do with parts where they are summed.
std::vector<double> costs_after_sharing(const Partition& partition, std::span<const double> rank_costs,
                                        std::span<const SharedRow> shared) {
  std::vector<double> costs(rank_costs.begin(), rank_costs.end());
  for (const SharedRow& row : shared) {
    for (std::size_t part = 0; part < row.ranks.size(); ++part) {
      const Index entries = kernels::part_range(row.entries, static_cast<Index>(part)).size();
      const double seconds = static_cast<double>(entries) * entry_seconds;
      costs[static_cast<std::size_t>(partition.owner(row.row))] -= seconds;
      costs[static_cast<std::size_t>(row.ranks[part])] += seconds;
    }
  }
  return costs;
}

double imbalance_of(const std::vector<double>& costs) {
  const double mean = std::accumulate(costs.begin(), costs.end(), 0.0) / static_cast<double>(costs.size());
  return *std::ranges::max_element(costs) / mean;
}

TEST(SharedRows, NothingIsSharedWhereWholeRowsAreFair) {
  EXPECT_TRUE(Side(1, 1.0, {{3, 5'000'000}}).shared().empty());
  EXPECT_TRUE(Side(4, 1.0, {}).shared().empty());
  EXPECT_TRUE(Side(4, 0.0, {}).shared().empty());
  EXPECT_TRUE(Side(2, 1.0, {{3, 100'000}}).shared().empty());
}

TEST(SharedRows, ARowOfManyFairSharesIsSpread) {
  const Side side(100, 0.1, {{70, 10'000'000}, {100, 2000}, {5000, 1'000'000}});
  const std::vector<SharedRow> shared = side.shared();
  ASSERT_GE(shared.size(), 1U);
  EXPECT_TRUE(std::ranges::is_sorted(shared, {}, &SharedRow::row));
  EXPECT_EQ(shared[0].row, 70);
  EXPECT_EQ(shared[0].entries, 10'000'000);
  EXPECT_EQ(static_cast<Index>(shared[0].ranks.size()), kernels::part_count(10'000'000));
  EXPECT_GT(imbalance_of(side.costs), 40);
  EXPECT_LE(imbalance_of(costs_after_sharing(side.rows, side.costs, shared)), 1.2);
}

TEST(SharedRows, ManyLongRowsOnOneRankAreSharedUntilItIsFair) {
  std::vector<LongRow> rows;
  for (Index r = 0; r < 60; ++r) rows.push_back({chunk_rows + r, 3000 + 10 * r});
  const Side side(20, 0.05, rows);
  const std::vector<SharedRow> shared = side.shared();
  const std::vector<double> after = costs_after_sharing(side.rows, side.costs, shared);
  EXPECT_LE(imbalance_of(after), 1.05);
  EXPECT_NEAR(std::accumulate(after.begin(), after.end(), 0.0),
              std::accumulate(side.costs.begin(), side.costs.end(), 0.0), 1e-9);
  // The longest go first, whole.
  for (const SharedRow& row : shared) EXPECT_EQ(row.ranks.size(), 1U);
  EXPECT_EQ(shared.back().row, chunk_rows + 59);
}

TEST(SharedRows, EveryPartIsSummedByOneRank) {
  const Side side(7, 0.5, {{3, 3'000'000}, {200, 2'000'000}});
  const std::vector<SharedRow> shared = side.shared();
  ASSERT_FALSE(shared.empty());
  std::vector<SharedPart> all;
  for (int rank = 0; rank < 7; ++rank) {
    const std::vector<SharedPart> parts = parts_of(shared, rank);
    EXPECT_TRUE(
        std::ranges::is_sorted(parts, {}, [](const SharedPart& part) { return std::pair(part.row, part.part); }));
    all.insert(all.end(), parts.begin(), parts.end());
  }
  std::ranges::sort(all, {}, [](const SharedPart& part) { return std::pair(part.row, part.part); });
  std::size_t next = 0;
  for (const SharedRow& row : shared) {
    for (Index part = 0; part < kernels::part_count(row.entries); ++part) {
      ASSERT_LT(next, all.size());
      EXPECT_EQ(all[next].row, row.row);
      EXPECT_EQ(all[next].part, part);
      EXPECT_EQ(all[next++].entries, kernels::part_range(row.entries, part));
    }
  }
  EXPECT_EQ(next, all.size());
  EXPECT_EQ(shared_within(shared, {0, 64}).size(), 1U);
  EXPECT_EQ(shared_within(shared, {64, 128}).size(), 0U);
}

}  // namespace
}  // namespace rankwise
