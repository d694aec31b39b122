#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "kernels/dense/simd_target.hpp"
#include "kernels/itemcf/common_users.hpp"
#include "kernels/itemcf/dense_ridge.hpp"
#include "kernels/itemcf/nearest_items.hpp"
#include "kernels/itemcf/neighbourhood_ridge.hpp"
#include "kernels/itemcf/similarity.hpp"

namespace rankwise {
namespace {

/// The sums of one item, whatever way CommonUsers chose to find them.
std::vector<std::int64_t> sums_of(CommonUsers& common, Index items) {
  std::vector<std::int64_t> sums(at(items));
  common.drain([&](Index item, std::int64_t sum, Index) { sums[at(item)] += sum; });
  return sums;
}

TEST(CommonUsersTest, FewAndManyIncrementsGiveTheSameSums) {
  constexpr Index items = 1000;
  const std::vector<std::vector<LocalIndex>> users{{1, 5, 999}, {1, 5}, {0, 7, 998}};
  const std::vector<std::vector<std::int32_t>> weights{{3, -65536, 65536}, {2, 65536}, {1, 1, 1}};
  for (const EntryWeights kind : {EntryWeights::ones, EntryWeights::integers}) {
    std::vector<std::int64_t> expected(at(items));
    for (std::size_t u = 0; u < users.size(); ++u) {
      for (std::size_t e = 0; e < users[u].size(); ++e)
        expected[at(users[u][e])] += kind == EntryWeights::ones ? 1 : std::int64_t{2} * weights[u][e];
    }
    CommonUsers common(items, kind, CommonUsers::Counting::sums_and_users);
    for (const Index hint : {Index{8}, Index{1'000'000}, Index{0}}) {  // listed, looked through, more than promised
      common.begin(hint);
      for (std::size_t u = 0; u < users.size(); ++u) common.add({users[u], weights[u]}, 2);
      EXPECT_EQ(common.sum(5), expected[5]);
      EXPECT_EQ(sums_of(common, items), expected) << "hint " << hint;
      EXPECT_EQ(sums_of(common, items), std::vector<std::int64_t>(at(items))) << "left behind";
    }
  }
}

TEST(CommonUsersTest, WhatIsOutOfReachIsNotLookedAt) {
  CommonUsers common(1000, EntryWeights::ones, CommonUsers::Counting::sums);
  const std::vector<LocalIndex> user{0, 3, 20};
  for (const Index hint : {Index{0}, Index{1'000'000}}) {
    common.begin(hint, 21);
    common.add({user}, 1);
    EXPECT_EQ(common.sum(20), 1);
    std::vector<Index> seen;
    common.drain([&](Index item, std::int64_t, Index) { seen.push_back(item); });
    EXPECT_EQ(seen, (std::vector<Index>{0, 3, 20}));
    EXPECT_EQ(common.sum(20), 0);
  }
}

TEST(CommonUsersTest, CountsUsersBesideWeights) {
  CommonUsers common(100, EntryWeights::integers, CommonUsers::Counting::sums_and_users);
  for (const Index hint : {Index{2}, Index{1000}}) {
    common.begin(hint);
    const std::vector<LocalIndex> user{3};
    const std::vector<std::int32_t> weight{5};
    common.add({user, weight}, 7);
    common.add({user, weight}, 1);
    std::vector<Index> seen;
    common.drain([&](Index item, std::int64_t sum, Index users) { seen.insert(seen.end(), {item, sum, users}); });
    EXPECT_EQ(seen, (std::vector<Index>{3, 40, 2}));
  }
}

TEST(NearestItemsTest, TiesGoToTheLowerItemInWhateverOrderTheyCome) {
  std::vector<Neighbour> offered;
  for (LocalIndex item = 0; item < 50; ++item) offered.push_back({item, static_cast<float>(item % 5)});
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::ranges::shuffle(offered, random);
    NearestItems nearest(12);
    for (int again = 0; again < 2; ++again) {
      for (const Neighbour& each : offered) nearest.offer(each);
      std::vector<Index> items;
      for (const Neighbour& each : nearest.take()) items.push_back(each.item);
      EXPECT_EQ(items, (std::vector<Index>{3, 4, 8, 9, 14, 19, 24, 29, 34, 39, 44, 49}));
    }
  }
}

TEST(NearestItemsTest, FewerThanAskedForAreAll) {
  NearestItems nearest(10);
  EXPECT_TRUE(nearest.take().empty());
  nearest.offer({4, 1.0F});
  nearest.offer({2, 0.5F});
  EXPECT_EQ(nearest.take().size(), 2U);
}

TEST(SimilarityTest, IsWhatItsFormulaSays) {
  const std::vector<double> sizes{9, 16};
  const auto value = [&](SimilaritySettings settings) { return Similarity(settings, sizes).value(0, 1, 6); };
  EXPECT_FLOAT_EQ(value({}), 6.0F / 12);
  EXPECT_FLOAT_EQ(value({.shrinkage = 3}), 6.0F / 15);
  EXPECT_FLOAT_EQ(value({.asymmetry = 1}), 6.0F / 9);
  EXPECT_FLOAT_EQ(value({.kind = SimilarityKind::jaccard, .shrinkage = 1}), 6.0F / (9 + 16 - 6 + 1));
  EXPECT_FLOAT_EQ(value({.kind = SimilarityKind::conditional, .popularity_exponent = 0.5}), 6.0F / (9 * 4));
  EXPECT_FLOAT_EQ(value({.kind = SimilarityKind::rp3beta, .popularity_exponent = 0.5, .walk_exponent = 2}),
                  6.0F / (81 * 4));
  const std::vector<double> nothing{0, 0};
  EXPECT_EQ(Similarity({}, nothing).value(0, 1, 0), 0.0F);
}

/// A Gramian of random rows, fewer than columns for a small penalty to matter.
std::vector<double> random_gramian(Index size, Index rows, std::mt19937& random) {
  std::vector<double> gramian(at(size * size));
  std::vector<double> row(at(size));
  for (Index r = 0; r < rows; ++r) {
    for (double& value : row) value = random() % 3 == 0 ? 1 : 0;
    for (Index a = 0; a < size; ++a) {
      for (Index b = 0; b < size; ++b) gramian[at(a * size + b)] += row[at(a)] * row[at(b)];
    }
  }
  return gramian;
}

double largest_residual(const std::vector<double>& gramian, Index size, double penalty, std::span<const double> x,
                        const std::vector<double>& target) {
  double largest = 0;
  for (Index r = 0; r < size; ++r) {
    double left = target[at(r)] - penalty * x[at(r)];
    for (Index c = 0; c < size; ++c) left -= gramian[at(r * size + c)] * x[at(c)];
    largest = std::max(largest, std::abs(left));
  }
  return largest;
}

TEST(NeighbourhoodRidgeTest, SolvesToDoublePrecisionOnEveryTargetAndSize) {
  for (const std::string& simd : kernels::available_simd_targets()) {
    kernels::choose_simd_target(simd);
    NeighbourhoodRidge ridge(70);
    std::mt19937 random(3);
    for (const Index size : {70, 1, 2, 15, 16, 17, 33, 64}) {
      const std::vector<double> gramian = random_gramian(size, 3 * size, random);
      std::vector<double> target;
      for (Index r = 0; r < size; ++r) {
        target.push_back(static_cast<double>(random() % 50));
        ridge.target(r) = target.back();
        for (Index c = r; c < size; ++c) ridge.gramian(r, c) = gramian[at(r * size + c)];
      }
      const std::span<const double> weights = ridge.solve(size, 0.5);
      ASSERT_EQ(std::ssize(weights), size);
      EXPECT_LT(largest_residual(gramian, size, 0.5, weights, target), 1e-6) << simd << " " << size;
    }
    EXPECT_EQ(ridge.solved_in_double(), 0) << simd;
  }
  kernels::choose_simd_target("auto");
}

TEST(NeighbourhoodRidgeTest, AConditionBeyondFloatsIsSolvedInDoubleAndNoSolutionIsSaid) {
  NeighbourhoodRidge ridge(20);
  std::mt19937 random(5);
  const std::vector<double> gramian = random_gramian(20, 10, random);  // singular
  const auto fill = [&](double factor) {
    for (Index r = 0; r < 20; ++r) {
      ridge.target(r) = 1;
      for (Index c = r; c < 20; ++c) ridge.gramian(r, c) = factor * gramian[at(r * 20 + c)];
    }
  };
  fill(1e8);
  const std::span<const double> weights = ridge.solve(20, 0.5);
  ASSERT_EQ(weights.size(), 20U);
  EXPECT_EQ(ridge.solved_in_double(), 1);
  EXPECT_GT(ridge.condition(), 1e7);
  fill(-1);
  EXPECT_TRUE(ridge.solve(20, 0.5).empty());
}

TEST(DenseRidgeTest, IsTheNegativeInverseByItsDiagonal) {
  constexpr Index size = 45;  // more than a panel
  std::mt19937 random(11);
  std::vector<double> gramian = random_gramian(size, 90, random);
  for (Index i = 0; i < size; ++i) gramian[at(i * size + i)] += 2;
  std::vector<double> factor = gramian;
  ASSERT_TRUE(factor_symmetric(factor, size));
  std::vector<double> weights(at(size));
  for (Index j = 0; j < size; ++j) {
    dense_ridge_weights(factor, size, j, weights);
    EXPECT_EQ(weights[at(j)], 0);
    // Of all but j: G_SS b = G_Sj.
    for (Index r = 0; r < size; ++r) {
      if (r == j) continue;
      double left = gramian[at(r * size + j)];
      for (Index c = 0; c < size; ++c) left -= gramian[at(r * size + c)] * weights[at(c)];
      EXPECT_NEAR(left, 0, 1e-9);
    }
  }
  EXPECT_DOUBLE_EQ(pivot_ratio(std::vector<double>{2, 1, 0, 0.5}, 2), 16);
  std::vector<double> indefinite{1, 2, 2, 1};
  EXPECT_FALSE(factor_symmetric(indefinite, 2));
}

}  // namespace
}  // namespace rankwise
