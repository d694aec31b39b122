#include "distributed/planning/item_plan.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "distributed/itemcf/dense_ridge.hpp"
#include "distributed/itemcf/neighbourhoods.hpp"

namespace rankwise {
namespace {

constexpr Index mebibyte = Index{1} << 20;

ItemPlanSettings ridge_of(std::optional<Index> neighbours, Index budget_bytes = 1024 * mebibyte) {
  return {.neighbours = neighbours, .weights = PlannedWeights::ridge, .budget_bytes = budget_bytes};
}

/// Users with items 0 1 2, 0 1, nothing, 3; nobody has item 4.
ItemWork small_work(const ItemPlanSettings& settings) {
  ItemWorkCount count(4, 5);
  const std::vector<Index> offsets{0, 3, 5, 5};
  const std::vector<Index> columns{0, 1, 2, 0, 1};
  count.add({0, offsets, columns});
  const std::vector<Index> last_offsets{0, 1};
  const std::vector<Index> last_columns{3};
  count.add({3, last_offsets, last_columns});
  return count.finish(settings);
}

TEST(ItemPlanTest, CountsPairsAndWhatNeighboursThereCanBe) {
  const ItemWork work = small_work(ridge_of(2));
  EXPECT_EQ(work.interactions, 6);
  EXPECT_EQ(work.used_items, 4);
  EXPECT_EQ(work.longest_user, 3);
  EXPECT_EQ(work.pairs, 9 + 4 + 1);
  EXPECT_EQ(work.weights, 2 + 2 + 2 + 0);  // item 3 meets no other
  EXPECT_EQ(work.most_neighbours, 2);
  EXPECT_EQ(work.neighbourhood_pairs, 3 * 3 + 0);
  EXPECT_EQ(ridge_pairs(work, ridge_of(2), 1), (14 - 6) / 2);
  const ItemPlanSettings similarity{.neighbours = 1, .budget_bytes = mebibyte};
  EXPECT_EQ(small_work(similarity).weights, 3);
  EXPECT_EQ(ridge_pairs(small_work(similarity), similarity, 1), 0);
}

TEST(ItemPlanTest, AllItemsAtOnceAreOneSquareOnEachRank) {
  const ItemPlanSettings dense = ridge_of(std::nullopt);
  const ItemWork work = small_work(dense);
  EXPECT_EQ(work.weights, 4 * 3);
  EXPECT_EQ(ridge_pairs(work, dense, 1), work.pairs);
  for (const int ranks : {1, 4}) EXPECT_GE(item_rank_bytes(work, dense, ranks, 1), dense_ridge_bytes(4));
  EXPECT_GE(least_budget_bytes(work, dense, 1), dense_ridge_bytes(5));
}

/// As a large log would be.
ItemWork large_work() {
  return {.users = 1'000'000,
          .items = 200'000,
          .interactions = 100'000'000,
          .used_items = 200'000,
          .longest_user = 5'000,
          .pairs = 50'000'000'000,
          .weights = 40'000'000,
          .most_neighbours = 200,
          .neighbourhood_pairs = 200'000 * pair_count(201),
          .solve_flops = 5e11};
}

TEST(ItemPlanTest, RanksShareMemoryAndWork) {
  const ItemWork work = large_work();
  const ItemPlanSettings settings = ridge_of(200);
  const ItemRates rates{0.5e9, 0.3e9, 50e9};
  const Index alone = item_rank_bytes(work, settings, 1, 1);
  const Index shared = item_rank_bytes(work, settings, 16, 1);
  EXPECT_LT(shared, alone / 2);
  EXPECT_GT(item_rank_bytes(work, settings, 16, 8), shared);
  EXPECT_LT(item_rank_bytes(work, ridge_of(200, 100 * mebibyte), 16, 1), shared);
  EXPECT_GT(ridge_batches(work, ridge_of(200, 100 * mebibyte), 1), ridge_batches(work, settings, 1));
  const ItemSeconds one = item_seconds(work, settings, rates, 1, 1);
  const ItemSeconds many = item_seconds(work, settings, rates, 4, 4);
  EXPECT_NEAR(one.count, 100, 1e-9);
  EXPECT_NEAR(many.count, 100.0 / 16, 1e-9);
  EXPECT_LT(many.ridge, one.ridge / 15);
}

}  // namespace
}  // namespace rankwise
