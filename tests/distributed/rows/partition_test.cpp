#include "distributed/rows/partition.hpp"

#include <gtest/gtest.h>
#include <numeric>
#include <random>

namespace rankwise {
namespace {

void expect_valid(const Partition& partition, Index rows, int parts) {
  ASSERT_EQ(partition.rows(), rows);
  ASSERT_EQ(partition.parts(), parts);
  Index next = 0;
  for (int part = 0; part < parts; ++part) {
    const RowRange range = partition.range(part);
    EXPECT_EQ(range.begin, next);
    EXPECT_GE(range.size(), 0);
    EXPECT_TRUE(range.begin % chunk_rows == 0 || range.begin == rows);
    next = range.end;
  }
  EXPECT_EQ(next, rows);
}

TEST(Partition, CoversAllRowsForAnyNumberOfParts) {
  for (const Index rows : {0, 1, 63, 64, 65, 1000, 100'003}) {
    for (const int parts : {1, 2, 3, 7, 64, 4096}) {
      const Partition partition = Partition::by_count(rows, parts);
      expect_valid(partition, rows, parts);
      for (Index row = 0; row < rows; row += 17) EXPECT_TRUE(partition.range(partition.owner(row)).contains(row));
      if (rows > 0) {
        EXPECT_TRUE(partition.range(partition.owner(rows - 1)).contains(rows - 1));
      }
    }
  }
}

TEST(Partition, BalancesSkewedCosts) {
  constexpr Index chunks = 20'000;
  std::vector<double> costs(chunks);
  for (std::size_t c = 0; c < costs.size(); ++c) costs[c] = 1.0 / static_cast<double>(c + 100);  // Zipf-like
  const double total = std::accumulate(costs.begin(), costs.end(), 0.0);
  for (const int parts : {2, 3, 7, 32}) {
    const Partition partition = Partition::by_cost(chunks * chunk_rows, costs, parts);
    expect_valid(partition, chunks * chunk_rows, parts);
    for (int part = 0; part < parts; ++part) {
      const RowRange range = partition.range(part);
      const double cost =
          std::accumulate(costs.begin() + range.begin / chunk_rows, costs.begin() + range.end / chunk_rows, 0.0);
      // No part is further from its share than one chunk, the heaviest of which costs 1/100.
      EXPECT_NEAR(cost, total / parts, 0.0101) << parts << " parts, part " << part;
    }
  }
}

TEST(Partition, PortionsCoverTheirPartByCost) {
  for (const Index rows : {0, 1, 64, 1000, 100'003}) {
    std::vector<double> costs(static_cast<std::size_t>(chunk_count(rows)));
    for (std::size_t c = 0; c < costs.size(); ++c) costs[c] = 1.0 / static_cast<double>(c + 10);
    for (const int parts : {1, 3, 64}) {
      const Partition whole = Partition::by_cost(rows, costs, parts);
      EXPECT_EQ(whole.portion(parts - 1, 0), whole.range(parts - 1));
      const Partition cut = whole.in_portions(costs, 8);
      for (int part = 0; part < parts; ++part) {
        EXPECT_EQ(cut.range(part), whole.range(part));
        Index next = cut.range(part).begin;
        for (int portion = 0; portion < cut.portions(); ++portion) {
          EXPECT_EQ(cut.portion(part, portion).begin, next);
          next = cut.portion(part, portion).end;
        }
        EXPECT_EQ(next, cut.range(part).end);
      }
    }
  }
}

TEST(Partition, SurvivesOneChunkThatOutweighsTheRest) {
  std::vector<double> costs(100, 1.0);
  costs[50] = 1e9;
  for (const int parts : {1, 2, 3, 7, 200})
    expect_valid(Partition::by_cost(100 * chunk_rows, costs, parts), 100 * chunk_rows, parts);
  const std::vector<double> nothing(100, 0.0);
  expect_valid(Partition::by_cost(100 * chunk_rows, nothing, 7), 100 * chunk_rows, 7);
}

}  // namespace
}  // namespace rankwise
