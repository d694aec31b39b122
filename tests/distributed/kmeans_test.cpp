// Distributed K-means against plain computations in double, and against itself on one rank.

#include "distributed/kmeans.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <random>

#include "distributed/cluster_quality.hpp"
#include "distributed/feature_scaling.hpp"
#include "distributed/mini_batch.hpp"
#include "distributed/partition.hpp"
#include "distributed/seeding.hpp"

namespace rankwise {
namespace {

using Table = std::vector<std::vector<float>>;

/// Rows in the same order on every rank, and what a rank has of them.
struct Cloud {
  Table rows;
  std::vector<float> weights;
  std::vector<std::int32_t> planted;

  [[nodiscard]] Index dimensions() const { return static_cast<Index>(rows.front().size()); }
  [[nodiscard]] Index count() const { return static_cast<Index>(rows.size()); }
  [[nodiscard]] double weight(std::size_t r) const { return weights.empty() ? 1.0 : static_cast<double>(weights[r]); }

  [[nodiscard]] Points dense(const Communicator& comm) const {
    Points points = share(comm);
    Matrix mine(points.mine.size(), dimensions());
    for (Index r = 0; r < mine.rows(); ++r) {
      std::ranges::copy(rows[static_cast<std::size_t>(points.mine.begin + r)], mine.row(r));
    }
    points.rows = std::move(mine);
    return points;
  }
  [[nodiscard]] Points sparse(const Communicator& comm) const {
    Points points = share(comm);
    std::vector<Index> offsets{0};
    std::vector<LocalIndex> columns;
    std::vector<float> values;
    for (Index r = points.mine.begin; r < points.mine.end; ++r) {
      const std::vector<float>& row = rows[static_cast<std::size_t>(r)];
      for (std::size_t j = 0; j < row.size(); ++j) {
        if (row[j] == 0.0F) continue;
        columns.push_back(static_cast<LocalIndex>(j));
        values.push_back(row[j]);
      }
      offsets.push_back(static_cast<Index>(columns.size()));
    }
    points.rows = CsrBlock(std::move(offsets), std::move(columns), std::move(values), dimensions());
    return points;
  }

 private:
  [[nodiscard]] Points share(const Communicator& comm) const {
    const RowRange mine = Partition::by_count(count(), comm.size()).range(comm.rank());
    Points points{count(), mine, dimensions(), Matrix(), {}};
    if (!weights.empty()) points.weights.assign(weights.begin() + mine.begin, weights.begin() + mine.end);
    return points;
  }
};

/// Rows around `centers` random centers that lie `gap` spreads apart and more.
Cloud mixture(Index count, Index dimensions, Index centers, double gap, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.0F, 1.0F);
  Table means;
  while (static_cast<Index>(means.size()) < centers) {
    std::vector<float> mean(static_cast<std::size_t>(dimensions));
    for (float& value : mean) value = static_cast<float>(gap) * normal(engine);
    means.push_back(mean);
  }
  Cloud cloud;
  for (Index r = 0; r < count; ++r) {
    const auto center = static_cast<std::int32_t>(engine() % static_cast<unsigned>(centers));
    std::vector<float> row = means[static_cast<std::size_t>(center)];
    for (float& value : row) value += normal(engine);
    cloud.rows.push_back(row);
    cloud.planted.push_back(center);
  }
  return cloud;
}

Cloud with_weights(Cloud cloud) {
  std::mt19937 engine(5);
  for (std::size_t r = 0; r < cloud.rows.size(); ++r) {
    cloud.weights.push_back(0.25F * static_cast<float>(1 + engine() % 12));
  }
  return cloud;
}

/// Half of all values are zero.
Cloud with_zeros(Cloud cloud) {
  std::mt19937 engine(6);
  for (auto& row : cloud.rows) {
    for (float& value : row) value = engine() % 2 == 0 ? 0.0F : value;
  }
  return cloud;
}

Matrix first_rows(const Cloud& cloud, Index count) {
  Matrix matrix(count, cloud.dimensions());
  for (Index k = 0; k < count; ++k) std::ranges::copy(cloud.rows[static_cast<std::size_t>(k)], matrix.row(k));
  return matrix;
}

double squared_distance_of(const std::vector<float>& row, const float* centroid) {
  double squares = 0;
  for (std::size_t j = 0; j < row.size(); ++j) {
    const double difference = static_cast<double>(row[j]) - static_cast<double>(centroid[j]);
    squares += difference * difference;
  }
  return squares;
}

std::int32_t plain_nearest(const std::vector<float>& row, const Matrix& centroids) {
  std::int32_t nearest = 0;
  for (Index k = 1; k < centroids.rows(); ++k) {
    if (squared_distance_of(row, centroids.row(k)) < squared_distance_of(row, centroids.row(nearest))) {
      nearest = static_cast<std::int32_t>(k);
    }
  }
  return nearest;
}

template <class T>
std::vector<T> whole(const Communicator& comm, const std::vector<T>& mine) {
  return comm.all_gather_varied(std::span<const T>(mine)).values;
}

std::vector<float> values_of(const Matrix& matrix) {
  return {matrix.row(0), matrix.row(0) + matrix.rows() * matrix.stride()};
}

void ignore(const KMeansIteration& /*iteration*/) {}

KMeansOptions to_the_end() {
  KMeansOptions options;
  options.tolerance = 0;
  return options;
}

class KMeansTest : public ::testing::Test {
 protected:
  const Communicator comm = Communicator::world();
  const Communicator self = Communicator::single();
};

/// Assignments are the nearest, centroids are the means, sizes and inertia are what they say.
void expect_consistent(const Communicator& comm, const Cloud& cloud, const KMeansResult& result) {
  const std::vector<std::int32_t> assignments = whole(comm, result.assignments);
  const std::vector<float> distances = whole(comm, result.distances);
  ASSERT_EQ(assignments.size(), cloud.rows.size());
  std::vector<Index> sizes(result.sizes.size());
  double inertia = 0;
  for (std::size_t r = 0; r < assignments.size(); ++r) {
    ASSERT_EQ(assignments[r], plain_nearest(cloud.rows[r], result.centroids)) << r;
    const double squares = squared_distance_of(cloud.rows[r], result.centroids.row(assignments[r]));
    EXPECT_NEAR(distances[r], std::sqrt(squares), 1e-5 * std::sqrt(squares) + 1e-9);
    inertia += cloud.weight(r) * squares;
    ++sizes[static_cast<std::size_t>(assignments[r])];
  }
  EXPECT_EQ(sizes, result.sizes);
  EXPECT_NEAR(result.inertia, inertia, 1e-6 * inertia + 1e-9);
}

void expect_means(const Communicator& comm, const Cloud& cloud, const KMeansResult& result) {
  const std::vector<std::int32_t> assignments = whole(comm, result.assignments);
  const auto dimensions = static_cast<std::size_t>(cloud.dimensions());
  for (Index k = 0; k < result.centroids.rows(); ++k) {
    std::vector<double> mean(dimensions);
    double weight = 0;
    for (std::size_t r = 0; r < assignments.size(); ++r) {
      if (assignments[r] != k) continue;
      weight += cloud.weight(r);
      for (std::size_t j = 0; j < dimensions; ++j) mean[j] += cloud.weight(r) * static_cast<double>(cloud.rows[r][j]);
    }
    EXPECT_NEAR(weight, result.weights[static_cast<std::size_t>(k)], 1e-9 * weight);
    for (std::size_t j = 0; weight > 0 && j < dimensions; ++j) {
      EXPECT_NEAR(result.centroids.row(k)[j], mean[j] / weight, 1e-6 * (1 + std::fabs(mean[j] / weight)));
    }
  }
}

TEST_F(KMeansTest, EndsInAFixedPointOfLloydsIteration) {
  for (const Cloud& cloud : {mixture(1000, 7, 5, 2, 1), with_weights(mixture(700, 17, 9, 1, 2)),
                             with_zeros(mixture(500, 33, 4, 3, 3)), mixture(333, 1, 6, 4, 4)}) {
    for (const Index clusters : {Index{1}, Index{2}, Index{9}, Index{40}}) {
      const Points points = cloud.dense(comm);
      const KMeansResult result = lloyd(comm, points, first_rows(cloud, clusters), to_the_end(), ignore);
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
  const KMeansResult dense = lloyd(comm, cloud.dense(comm), first_rows(cloud, 6), to_the_end(), ignore);
  const KMeansResult sparse = lloyd(comm, cloud.sparse(comm), first_rows(cloud, 6), to_the_end(), ignore);
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
        const KMeansResult a = lloyd(comm, together, mine.clone(), {}, ignore);
        const KMeansResult b = lloyd(self, alone, single.clone(), {}, ignore);
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
      expect_same_run(
          take_mini_batches(comm, together, first_rows(cloud, clusters), batches, Metric::euclidean, random),
          take_mini_batches(self, alone, first_rows(cloud, clusters), batches, Metric::euclidean, random));
    }
  }
}

TEST_F(KMeansTest, PruningChangesNoBitAndPassesRowsOver) {
  for (const Cloud& cloud :
       {mixture(3000, 6, 20, 3, 13), with_weights(mixture(2500, 40, 8, 0.5, 14)), mixture(900, 1, 30, 9, 15)}) {
    for (const Index clusters : {Index{1}, Index{2}, Index{25}}) {
      const Points points = cloud.dense(comm);
      KMeansOptions options = to_the_end();
      options.pruning = Pruning::off;
      const KMeansResult plain = lloyd(comm, points, first_rows(cloud, clusters), options, ignore);
      options.pruning = Pruning::bounds;
      const KMeansResult pruned = lloyd(comm, points, first_rows(cloud, clusters), options, ignore);
      EXPECT_EQ(plain.assignments, pruned.assignments);
      EXPECT_EQ(values_of(plain.centroids), values_of(pruned.centroids));
      EXPECT_EQ(plain.distances, pruned.distances);
      ASSERT_EQ(plain.history.size(), pruned.history.size());
      Index passed_over = 0;
      for (std::size_t i = 0; i < plain.history.size(); ++i) {
        EXPECT_EQ(plain.history[i].inertia, pruned.history[i].inertia);
        EXPECT_EQ(plain.history[i].moved, pruned.history[i].moved);
        EXPECT_EQ(plain.history[i].pruned, 0);
        passed_over += pruned.history[i].pruned;
      }
      EXPECT_GT(passed_over, cloud.count() / 4);
    }
  }
}

TEST_F(KMeansTest, EverySeedingRecoversPlantedClusters) {
  const Cloud cloud = mixture(2000, 8, 6, 20, 21);
  const Points points = cloud.dense(comm);
  const RandomStream random(1, RandomPurpose::cluster_seeds);
  const std::span<const std::int32_t> planted =
      std::span(cloud.planted)
          .subspan(static_cast<std::size_t>(points.mine.begin), static_cast<std::size_t>(points.mine.size()));
  const auto agreement = [&](Matrix seeds) {
    const KMeansResult result = lloyd(comm, points, std::move(seeds), {}, ignore);
    return adjusted_rand_index(comm, result.assignments, 6, planted, 6);
  };
  EXPECT_GT(agreement(seed_plus_plus(comm, points, 6, greedy_trials(6), random)), 0.99);
  EXPECT_GT(agreement(seed_in_parallel(comm, points, 6, {}, random)), 0.99);
}

TEST_F(KMeansTest, RandomSeedsAreDifferentRowsByWeight) {
  Cloud cloud = mixture(100, 3, 1, 1, 31);
  cloud.weights.assign(100, 1e-6F);
  for (std::size_t r = 10; r < 20; ++r) cloud.weights[r] = 1;
  const Matrix seeds = seed_randomly(comm, cloud.dense(comm), 10, RandomStream(9, RandomPurpose::cluster_seeds));
  for (Index k = 0; k < 10; ++k) {
    const std::vector<float> seed(seeds.row(k), seeds.row(k) + 3);
    EXPECT_EQ(seed, cloud.rows[static_cast<std::size_t>(10 + k)]);
  }
}

TEST_F(KMeansTest, PlusPlusDrawsByWeightTimesSquaredDistance) {
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

TEST_F(KMeansTest, SeedingTakesAsManyClustersAsRowsAndMoreThanDifferentRows) {
  const RandomStream random(2, RandomPurpose::cluster_seeds);
  const Cloud different = mixture(30, 4, 3, 2, 41);
  for (const Matrix& seeds : {seed_randomly(comm, different.dense(comm), 30, random),
                              seed_plus_plus(comm, different.dense(comm), 30, greedy_trials(30), random),
                              seed_in_parallel(comm, different.dense(comm), 30, {}, random)}) {
    const KMeansResult result = lloyd(comm, different.dense(comm), seeds.clone(), to_the_end(), ignore);
    EXPECT_NEAR(result.inertia, 0.0, 1e-9);
    EXPECT_EQ(result.sizes, std::vector<Index>(30, 1));
  }
  Cloud same;
  same.rows.assign(50, {1.0F, 2.0F});
  same.rows[7] = {5.0F, 5.0F};
  for (const Matrix& seeds : {seed_randomly(comm, same.dense(comm), 5, random),
                              seed_plus_plus(comm, same.dense(comm), 5, greedy_trials(5), random),
                              seed_in_parallel(comm, same.dense(comm), 5, {}, random)}) {
    const KMeansResult result = lloyd(comm, same.dense(comm), seeds.clone(), to_the_end(), ignore);
    EXPECT_TRUE(result.converged);
    EXPECT_NEAR(result.inertia, 0.0, 1e-9);
    expect_consistent(comm, same, result);
  }
}

TEST_F(KMeansTest, AnEmptyClusterTakesTheFarthestRow) {
  Cloud cloud;
  cloud.rows = {{0.0F}, {1.0F}, {2.0F}, {100.0F}, {3.0F}};
  Matrix start(2, 1);
  start.row(0)[0] = 1.0F;
  start.row(1)[0] = 1e6F;
  const KMeansResult result = lloyd(comm, cloud.dense(comm), std::move(start), to_the_end(), ignore);
  EXPECT_EQ(result.history.front().relocated, 1);
  EXPECT_EQ(result.centroids.row(0)[0], 1.5F);
  EXPECT_EQ(result.centroids.row(1)[0], 100.0F);
  EXPECT_EQ(result.sizes, (std::vector<Index>{4, 1}));
}

TEST_F(KMeansTest, AHugeOutlierLeavesTheOthersTheirMeans) {
  Cloud cloud = mixture(400, 3, 2, 8, 51);
  cloud.rows[123] = {1e9F, -1e9F, 1e9F};
  const KMeansResult result =
      lloyd(comm, cloud.dense(comm),
            seed_plus_plus(comm, cloud.dense(comm), 3, greedy_trials(3), RandomStream(1, RandomPurpose::cluster_seeds)),
            to_the_end(), ignore);
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
    options.metric = Metric::cosine;
    const KMeansResult result = lloyd(comm, points, std::move(start), options, ignore);
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
  const KMeansResult full = lloyd(comm, points, seeds.clone(), {}, ignore);
  const KMeansResult quick =
      assign_rows(comm, points, take_mini_batches(comm, points, seeds.clone(), {200, 60}, Metric::euclidean, random),
                  Metric::euclidean);
  EXPECT_LT(quick.inertia, 1.05 * full.inertia);
  expect_consistent(comm, cloud, quick);
}

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

TEST_F(KMeansTest, TheSilhouetteFromSumsIsThatOfAllPairs) {
  const Cloud cloud = mixture(250, 5, 4, 2, 81);
  for (const Index clusters : {Index{2}, Index{4}, Index{30}}) {
    const Points points = cloud.dense(comm);
    const KMeansResult result = lloyd(comm, points, first_rows(cloud, clusters), to_the_end(), ignore);
    const ClusterQuality quality = assess_clusters(comm, points, result.assignments, clusters);
    EXPECT_NEAR(quality.silhouette, plain_silhouette(cloud, whole(comm, result.assignments), clusters), 1e-5);
  }
  const std::vector<std::int32_t> one(static_cast<std::size_t>(cloud.dense(comm).mine.size()), 0);
  EXPECT_TRUE(std::isnan(assess_clusters(comm, cloud.dense(comm), one, 3).silhouette));
}

TEST_F(KMeansTest, AdjustedRandIndexKnowsRelabelledAndUnrelatedClusterings) {
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
