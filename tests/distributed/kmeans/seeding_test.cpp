// Where K-means begins: distributions, edges, and planted clusters found.

#include "distributed/kmeans/seeding.hpp"

#include <gtest/gtest.h>

#include "distributed/kmeans/cluster_quality.hpp"
#include "tests/distributed/kmeans/cloud.hpp"

namespace rankwise {
namespace {

using testing::Cloud;
using testing::expect_consistent;
using testing::mixture;
using testing::run_lloyd;
using testing::to_the_end;

using SeedingTest = testing::CloudTest;

TEST_F(SeedingTest, EverySeedingRecoversPlantedClusters) {
  const Cloud cloud = mixture(2000, 8, 6, 20, 21);
  const Points points = cloud.dense(comm);
  const RandomStream random(1, RandomPurpose::cluster_seeds);
  const std::span<const std::int32_t> planted =
      std::span(cloud.planted)
          .subspan(static_cast<std::size_t>(points.mine.begin), static_cast<std::size_t>(points.mine.size()));
  const auto agreement = [&](Matrix seeds) {
    const KMeansResult result = run_lloyd(comm, points, std::move(seeds), {});
    return adjusted_rand_index(comm, result.assignments, 6, planted, 6);
  };
  EXPECT_GT(agreement(seed_plus_plus(comm, points, 6, greedy_trials(6), random)), 0.99);
  EXPECT_GT(agreement(seed_in_parallel(comm, points, 6, {}, random)), 0.99);
}

TEST_F(SeedingTest, RandomSeedsAreDifferentRowsByWeight) {
  Cloud cloud = mixture(100, 3, 1, 1, 31);
  cloud.weights.assign(100, 1e-6F);
  for (std::size_t r = 10; r < 20; ++r) cloud.weights[r] = 1;
  const Matrix seeds = seed_randomly(comm, cloud.dense(comm), 10, RandomStream(9, RandomPurpose::cluster_seeds));
  for (Index k = 0; k < 10; ++k) {
    const std::vector<float> seed(seeds.row(k), seeds.row(k) + 3);
    EXPECT_EQ(seed, cloud.rows[static_cast<std::size_t>(10 + k)]);
  }
}

TEST_F(SeedingTest, PlusPlusDrawsByWeightTimesSquaredDistance) {
  // Points of known masses on a line; the first centroid is the heavy row, the second falls on 1, 2 or 4 as 1 : 4 : 16.
  Cloud cloud;
  cloud.rows = {{0.0F}, {1.0F}, {2.0F}, {4.0F}};
  cloud.weights = {1e9F, 1.0F, 1.0F, 1.0F};
  const Points points = cloud.dense(comm);
  std::vector<int> drawn(5);
  constexpr int trials = 2000;
  for (int seed = 0; seed < trials; ++seed) {
    const Matrix seeds = seed_plus_plus(comm, points, 2, 1,
                                        RandomStream(static_cast<std::uint64_t>(seed), RandomPurpose::cluster_seeds));
    ASSERT_EQ(seeds.row(0)[0], 0.0F);
    ++drawn[static_cast<std::size_t>(seeds.row(1)[0])];
  }
  EXPECT_NEAR(drawn[1], trials / 21.0, 45);
  EXPECT_NEAR(drawn[2], trials * 4 / 21.0, 80);
  EXPECT_NEAR(drawn[4], trials * 16 / 21.0, 90);
}

TEST_F(SeedingTest, SeedingTakesAsManyClustersAsRowsAndMoreThanDifferentRows) {
  const RandomStream random(2, RandomPurpose::cluster_seeds);
  const Cloud different = mixture(30, 4, 3, 2, 41);
  for (const Matrix& seeds : {seed_randomly(comm, different.dense(comm), 30, random),
                              seed_plus_plus(comm, different.dense(comm), 30, greedy_trials(30), random),
                              seed_in_parallel(comm, different.dense(comm), 30, {}, random)}) {
    const KMeansResult result = run_lloyd(comm, different.dense(comm), seeds.clone(), to_the_end());
    EXPECT_NEAR(result.inertia, 0.0, 1e-9);
    EXPECT_EQ(result.sizes, std::vector<Index>(30, 1));
  }
  Cloud same;
  same.rows.assign(50, {1.0F, 2.0F});
  same.rows[7] = {5.0F, 5.0F};
  for (const Matrix& seeds : {seed_randomly(comm, same.dense(comm), 5, random),
                              seed_plus_plus(comm, same.dense(comm), 5, greedy_trials(5), random),
                              seed_in_parallel(comm, same.dense(comm), 5, {}, random)}) {
    const KMeansResult result = run_lloyd(comm, same.dense(comm), seeds.clone(), to_the_end());
    EXPECT_TRUE(result.converged);
    EXPECT_NEAR(result.inertia, 0.0, 1e-9);
    expect_consistent(comm, same, result);
  }
}

}  // namespace
}  // namespace rankwise
