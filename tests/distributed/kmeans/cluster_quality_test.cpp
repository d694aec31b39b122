// Indices of clusterings against their definitions.

#include "distributed/kmeans/cluster_quality.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "distributed/comm/order_free_sum.hpp"
#include "distributed/kmeans/cluster_stability.hpp"
#include "tests/distributed/kmeans/cloud.hpp"

namespace rankwise {
namespace {

using testing::Cloud;
using testing::first_rows;
using testing::mixture;
using testing::run_lloyd;
using testing::squared_distance_of;
using testing::to_the_end;
using testing::whole;

using ClusterQualityTest = testing::CloudTest;

/// Mean silhouette from all pairs' squared distances.
double plain_silhouette(const Cloud& cloud, const std::vector<std::int32_t>& assignments, Index clusters) {
  double total = 0;
  std::vector<Index> sizes(static_cast<std::size_t>(clusters));
  for (const std::int32_t cluster : assignments) ++sizes[static_cast<std::size_t>(cluster)];
  for (std::size_t r = 0; r < cloud.rows.size(); ++r) {
    std::vector<double> sums(static_cast<std::size_t>(clusters));
    for (std::size_t other = 0; other < cloud.rows.size(); ++other) {
      sums[static_cast<std::size_t>(assignments[other])] +=
          squared_distance_of(cloud.rows[r], cloud.rows[other].data());
    }
    const auto own = static_cast<std::size_t>(assignments[r]);
    if (sizes[own] == 1) continue;
    const double a = sums[own] / static_cast<double>(sizes[own] - 1);
    double b = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < sums.size(); ++k) {
      if (k != own && sizes[k] > 0) b = std::min(b, sums[k] / static_cast<double>(sizes[k]));
    }
    total += (b - a) / std::max(a, b);
  }
  return total / static_cast<double>(cloud.rows.size());
}

TEST_F(ClusterQualityTest, TheSilhouetteFromSumsIsThatOfAllPairs) {
  const Cloud cloud = mixture(250, 5, 4, 2, 81);
  for (const Index clusters : {Index{2}, Index{4}, Index{30}}) {
    const Points points = cloud.dense(comm);
    const KMeansResult result = run_lloyd(comm, points, first_rows(cloud, clusters), to_the_end());
    const ClusterQuality quality = assess_clusters(comm, points, result.assignments, clusters);
    EXPECT_NEAR(quality.silhouette, plain_silhouette(cloud, whole(comm, result.assignments), clusters), 1e-5);
  }
  const std::vector<std::int32_t> one(static_cast<std::size_t>(cloud.dense(comm).mine.size()), 0);
  EXPECT_TRUE(std::isnan(assess_clusters(comm, cloud.dense(comm), one, 3).silhouette));
}

TEST_F(ClusterQualityTest, SilhouettesOfRowsHaveTheIndicesAsTheirMeans) {
  const Cloud cloud = mixture(300, 4, 3, 2, 82);
  const Points points = cloud.dense(comm);
  const KMeansResult result = run_lloyd(comm, points, first_rows(cloud, 3), to_the_end());
  const ClusterQuality quality = assess_clusters(comm, points, result.assignments, 3);
  const RowSilhouettes rows = row_silhouettes(comm, points, result.assignments, 3);
  ASSERT_EQ(rows.exact.size(), result.assignments.size());
  EXPECT_NEAR(order_free_sum(comm, rows.exact) / 300, quality.silhouette, 1e-12);
  EXPECT_NEAR(order_free_sum(comm, rows.simplified) / 300, quality.simplified_silhouette, 1e-12);
  const std::vector<std::int32_t> one(result.assignments.size(), 0);
  EXPECT_TRUE(row_silhouettes(comm, points, one, 3).exact.empty());
}

TEST_F(ClusterQualityTest, ClustersThatAreThereAreFoundAgain) {
  const Cloud cloud = mixture(600, 3, 3, 30, 83);
  const Points points = cloud.dense(comm);
  const ClusterBootstrap bootstrap{10, 5};
  const std::vector<std::int32_t> planted(cloud.planted.begin() + points.mine.begin,
                                          cloud.planted.begin() + points.mine.end);
  for (const double stability : bootstrap_stability(comm, points, planted, 3, bootstrap, KMeansOptions()))
    EXPECT_EQ(stability, 1.0);
  // A cluster that is split at random, and one that has no rows.
  std::vector<std::int32_t> split = planted;
  for (std::size_t r = 0; r < split.size(); ++r) {
    const bool is_odd = (points.mine.begin + static_cast<Index>(r)) % 2 == 1;
    if (split[r] == 2 && is_odd) split[r] = 3;
  }
  const std::vector<double> found = bootstrap_stability(comm, points, split, 5, bootstrap, KMeansOptions());
  EXPECT_LT(found[2], 0.6);
  EXPECT_LT(found[3], 0.6);
  EXPECT_TRUE(std::isnan(found[4]));
  const ClusterBootstrap none{0, 5};
  EXPECT_TRUE(std::isnan(bootstrap_stability(comm, points, planted, 3, none, KMeansOptions())[0]));
}

TEST_F(ClusterQualityTest, AdjustedRandIndexKnowsRelabelledAndUnrelatedClusterings) {
  const RowRange mine = Partition::by_count(1000, comm.size()).range(comm.rank());
  std::vector<std::int32_t> a;
  std::vector<std::int32_t> relabelled;
  std::vector<std::int32_t> unrelated;
  for (Index r = mine.begin; r < mine.end; ++r) {
    a.push_back(static_cast<std::int32_t>(r % 4));
    relabelled.push_back(static_cast<std::int32_t>((r + 1) % 4));
    unrelated.push_back(static_cast<std::int32_t>(r / 4 % 5));
  }
  EXPECT_EQ(adjusted_rand_index(comm, a, 4, relabelled, 4), 1.0);
  EXPECT_NEAR(adjusted_rand_index(comm, a, 4, unrelated, 5), 0.0, 0.01);
}

}  // namespace
}  // namespace rankwise
