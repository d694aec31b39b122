// Distributed K-means against plain computations in double, and against itself on one rank.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

#include "distributed/kmeans/cluster_quality.hpp"
#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/kmeans/lloyd.hpp"
#include "distributed/kmeans/mini_batch.hpp"
#include "distributed/kmeans/seeding.hpp"
#include "tests/distributed/kmeans/cloud.hpp"

namespace rankwise {
namespace {

using testing::Cloud;
using testing::expect_consistent;
using testing::expect_means;
using testing::first_rows;
using testing::mixture;
using testing::run_lloyd;
using testing::run_mini_batches;
using testing::to_the_end;
using testing::values_of;
using testing::whole;
using testing::with_weights;
using testing::with_zeros;

using KMeansTest = testing::CloudTest;

TEST_F(KMeansTest, EndsInAFixedPointOfLloydsIteration) {
  for (const Cloud& cloud : {mixture(1000, 7, 5, 2, 1), with_weights(mixture(700, 17, 9, 1, 2)),
                             with_zeros(mixture(500, 33, 4, 3, 3)), mixture(333, 1, 6, 4, 4)}) {
    for (const Index clusters : {Index{1}, Index{2}, Index{9}, Index{40}}) {
      const Points points = cloud.dense(comm);
      const KMeansResult result = run_lloyd(comm, points, first_rows(cloud, clusters), to_the_end());
      EXPECT_TRUE(result.converged);
      expect_consistent(comm, cloud, result);
      expect_means(comm, cloud, result);
      for (std::size_t i = 1; i < result.history.size(); ++i) {
        EXPECT_LE(result.history[i].inertia, result.history[i - 1].inertia * (1 + 1e-6));
      }
      EXPECT_NEAR(result.inertia, result.history.back().inertia, 1e-5 * result.inertia + 1e-6);
    }
  }
}

TEST_F(KMeansTest, SparseRowsGiveTheResultOfDenseOnes) {
  const Cloud cloud = with_weights(with_zeros(mixture(600, 40, 6, 3, 7)));
  const KMeansResult dense = run_lloyd(comm, cloud.dense(comm), first_rows(cloud, 6), to_the_end());
  const KMeansResult sparse = run_lloyd(comm, cloud.sparse(comm), first_rows(cloud, 6), to_the_end());
  EXPECT_EQ(dense.assignments, sparse.assignments);
  EXPECT_EQ(values_of(dense.centroids), values_of(sparse.centroids));
  EXPECT_EQ(dense.distances, sparse.distances);
  EXPECT_EQ(dense.inertia, sparse.inertia);
}

TEST_F(KMeansTest, GivesTheSameBitsAsOneRank) {
  const RandomStream random(3, RandomPurpose::cluster_seeds);
  for (const Cloud& cloud : {mixture(777, 20, 8, 1, 11), with_weights(with_zeros(mixture(500, 9, 5, 2, 12)))}) {
    for (const bool is_sparse : {false, true}) {
      const auto points_of = [&](const Communicator& c) { return is_sparse ? cloud.sparse(c) : cloud.dense(c); };
      const Points together = points_of(comm);
      const Points alone = points_of(self);
      constexpr Index clusters = 7;
      const auto expect_same_run = [&](const Matrix& mine, const Matrix& single) {
        ASSERT_EQ(values_of(mine), values_of(single));
        const KMeansResult a = run_lloyd(comm, together, mine.clone(), {});
        const KMeansResult b = run_lloyd(self, alone, single.clone(), {});
        EXPECT_EQ(values_of(a.centroids), values_of(b.centroids));
        EXPECT_EQ(whole(comm, a.assignments), b.assignments);
        EXPECT_EQ(whole(comm, a.distances), b.distances);
        EXPECT_EQ(a.inertia, b.inertia);
        ASSERT_EQ(a.history.size(), b.history.size());
        for (std::size_t i = 0; i < a.history.size(); ++i) EXPECT_EQ(a.history[i].inertia, b.history[i].inertia);
        const ClusterQuality mine_quality = assess_clusters(comm, together, a.assignments, clusters);
        const ClusterQuality single_quality = assess_clusters(self, alone, b.assignments, clusters);
        EXPECT_EQ(std::memcmp(&mine_quality, &single_quality, sizeof mine_quality), 0);
      };
      expect_same_run(seed_randomly(comm, together, clusters, random), seed_randomly(self, alone, clusters, random));
      expect_same_run(seed_plus_plus(comm, together, clusters, greedy_trials(clusters), random),
                      seed_plus_plus(self, alone, clusters, greedy_trials(clusters), random));
      expect_same_run(seed_in_parallel(comm, together, clusters, {}, random),
                      seed_in_parallel(self, alone, clusters, {}, random));
      const MiniBatches batches{50, 20};
      expect_same_run(run_mini_batches(comm, together, first_rows(cloud, clusters), batches, random),
                      run_mini_batches(self, alone, first_rows(cloud, clusters), batches, random));
    }
  }
}

void expect_same_run(const KMeansResult& a, const KMeansResult& b) {
  EXPECT_EQ(a.assignments, b.assignments);
  EXPECT_EQ(values_of(a.centroids), values_of(b.centroids));
  EXPECT_EQ(a.distances, b.distances);
  ASSERT_EQ(a.history.size(), b.history.size());
  for (std::size_t i = 0; i < a.history.size(); ++i) {
    EXPECT_EQ(a.history[i].inertia, b.history[i].inertia);
    EXPECT_EQ(a.history[i].moved, b.history[i].moved);
  }
}

Index rows_passed_over(const KMeansResult& result) {
  Index rows = 0;
  for (const LloydIteration& iteration : result.history) rows += iteration.pruned;
  return rows;
}

TEST_F(KMeansTest, PruningChangesNoBitAndPassesRowsOver) {
  for (const Cloud& cloud :
       {mixture(3000, 6, 20, 3, 13), with_weights(mixture(2500, 40, 8, 0.5, 14)), mixture(900, 1, 30, 9, 15)}) {
    for (const Index clusters : {Index{1}, Index{2}, Index{25}, Index{330}}) {
      const Points points = cloud.dense(comm);
      KMeansOptions options = to_the_end();
      options.pruning.pruning = Pruning::off;
      const KMeansResult plain = run_lloyd(comm, points, first_rows(cloud, clusters), options);
      EXPECT_EQ(rows_passed_over(plain), 0);
      for (const Pruning pruning : {Pruning::hamerly, Pruning::yinyang}) {
        for (const Index bound_bytes : {72, 1024}) {
          options.pruning.pruning = pruning;
          options.pruning.bound_bytes_per_row = bound_bytes;
          const KMeansResult pruned = run_lloyd(comm, points, first_rows(cloud, clusters), options);
          expect_same_run(plain, pruned);
          EXPECT_GT(rows_passed_over(pruned), cloud.count() / 4);
        }
      }
    }
  }
}

TEST_F(KMeansTest, EmptyClustersAreFilledWhileBoundsAreTakenUp) {
  // Spots of equal rows far out: two empty clusters that take rows of one spot leave one of them empty again, iteration
  // for iteration.
  constexpr Index dimensions = 32;
  constexpr Index near = 260;
  constexpr Index unused = 40;
  Cloud cloud = mixture(8000, dimensions, near, 6, 17);
  for (Index spot = 0; spot < unused; ++spot) {
    for (int copy = 0; copy < 30; ++copy) cloud.rows.emplace_back(dimensions, static_cast<float>(100 + 10 * spot));
  }
  const Matrix first = first_rows(cloud, near);
  Matrix start(near + unused, dimensions);
  for (Index k = 0; k < start.rows(); ++k) {
    for (Index j = 0; j < dimensions; ++j)
      start.row(k)[j] = k < near ? first.row(k)[j] : static_cast<float>(100'000 + k);
  }
  const Points points = cloud.dense(comm);
  KMeansOptions options = to_the_end();
  options.pruning.pruning = Pruning::off;
  const KMeansResult plain = run_lloyd(comm, points, start.clone(), options);
  options.pruning.pruning = Pruning::automatic;
  const KMeansResult chosen = run_lloyd(comm, points, start.clone(), options);
  expect_same_run(plain, chosen);
  bool switched_while_filling = false;
  for (std::size_t i = 1; i < chosen.history.size(); ++i) {
    const bool switched = chosen.history[i].search != chosen.history[i - 1].search;
    switched_while_filling |= switched && chosen.history[i - 1].relocated > 0;
  }
  EXPECT_TRUE(switched_while_filling);
}

TEST_F(KMeansTest, AnEmptyClusterTakesTheFarthestRow) {
  Cloud cloud;
  cloud.rows = {{0.0F}, {1.0F}, {2.0F}, {100.0F}, {3.0F}};
  Matrix start(2, 1);
  start.row(0)[0] = 1.0F;
  start.row(1)[0] = 1e6F;
  const KMeansResult result = run_lloyd(comm, cloud.dense(comm), std::move(start), to_the_end());
  EXPECT_EQ(result.history.front().relocated, 1);
  EXPECT_EQ(result.centroids.row(0)[0], 1.5F);
  EXPECT_EQ(result.centroids.row(1)[0], 100.0F);
  EXPECT_EQ(result.sizes, (std::vector<Index>{4, 1}));
}

TEST_F(KMeansTest, AHugeOutlierLeavesTheOthersTheirMeans) {
  Cloud cloud = mixture(400, 3, 2, 8, 51);
  cloud.rows[123] = {1e9F, -1e9F, 1e9F};
  const KMeansResult result = run_lloyd(
      comm, cloud.dense(comm),
      seed_plus_plus(comm, cloud.dense(comm), 3, greedy_trials(3), RandomStream(1, RandomPurpose::cluster_seeds)),
      to_the_end());
  expect_consistent(comm, cloud, result);
  std::vector<Index> sizes = result.sizes;
  std::ranges::sort(sizes);
  EXPECT_EQ(sizes.front(), 1);
  EXPECT_GT(sizes[1], 100);
  expect_means(comm, cloud, result);
}

TEST_F(KMeansTest, SphericalClustersGoByDirection) {
  Cloud cloud = with_zeros(mixture(300, 12, 4, 3, 61));
  std::mt19937 engine(1);
  for (auto& row : cloud.rows) {
    const auto scale = static_cast<float>(1 + engine() % 1000);
    for (float& value : row) value *= scale;
  }
  for (const bool is_sparse : {false, true}) {
    Points points = is_sparse ? cloud.sparse(comm) : cloud.dense(comm);
    normalize_rows(points);
    Matrix start = first_rows(cloud, 4);
    normalize_rows(start.view());
    KMeansOptions options = to_the_end();
    options.metric = DistanceMetric::cosine;
    const KMeansResult result = run_lloyd(comm, points, std::move(start), options);
    const std::vector<std::int32_t> assignments = whole(comm, result.assignments);
    const std::vector<float> distances = whole(comm, result.distances);
    for (std::size_t r = 0; r < cloud.rows.size(); ++r) {
      double length = 0;
      for (const float value : cloud.rows[r]) length += static_cast<double>(value) * static_cast<double>(value);
      std::vector<double> cosines;
      for (Index k = 0; k < 4; ++k) {
        double product = 0;
        for (std::size_t j = 0; j < cloud.rows[r].size(); ++j) {
          product += static_cast<double>(cloud.rows[r][j]) * static_cast<double>(result.centroids.row(k)[j]);
        }
        cosines.push_back(product / std::sqrt(length));
      }
      const double best = std::ranges::max(cosines);
      EXPECT_NEAR(cosines[static_cast<std::size_t>(assignments[r])], best, 1e-6);
      EXPECT_NEAR(distances[r], 1 - best, 1e-6);
    }
    EXPECT_LE(result.history.back().inertia, result.history.front().inertia);
    EXPECT_NEAR(result.inertia, result.history.back().inertia, 1e-4 * result.inertia);
  }
}

TEST_F(KMeansTest, MiniBatchesComeNearTheFullResult) {
  const Cloud cloud = mixture(3000, 6, 5, 6, 71);
  const Points points = cloud.dense(comm);
  const RandomStream random(4, RandomPurpose::cluster_seeds);
  const Matrix seeds = seed_plus_plus(comm, points, 5, greedy_trials(5), random);
  const KMeansResult full = run_lloyd(comm, points, seeds.clone(), {});
  const KMeansResult quick = assign_rows(comm, points, run_mini_batches(comm, points, seeds.clone(), {200, 60}, random),
                                         DistanceMetric::euclidean);
  EXPECT_LT(quick.inertia, 1.05 * full.inertia);
  expect_consistent(comm, cloud, quick);
}

TEST_F(KMeansTest, StandardScalingGivesMeanZeroAndVarianceOne) {
  Cloud cloud = with_weights(mixture(500, 3, 2, 5, 91));
  for (auto& row : cloud.rows) row[1] = 7.5F;
  Points points = cloud.dense(comm);
  const DimensionScaling scaling = standard_scaling(comm, points);
  EXPECT_EQ(scaling.shift[1], 7.5);
  EXPECT_EQ(scaling.scale[1], 1.0);
  scale_dimensions(scaling, points);
  const DimensionScaling again = standard_scaling(comm, points);
  for (const std::size_t j : {0U, 2U}) {
    EXPECT_NEAR(again.shift[j], 0.0, 1e-6);
    EXPECT_NEAR(again.scale[j], 1.0, 1e-6);
  }
}

}  // namespace
}  // namespace rankwise
