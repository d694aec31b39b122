// Indices of clusterings against their definitions.

#include "distributed/kmeans/cluster_quality.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

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
