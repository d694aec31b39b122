#pragma once
// Small clouds of points, the same on every rank, and what clusterings of them are compared with.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <random>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/lloyd.hpp"
#include "distributed/kmeans/mini_batch.hpp"
#include "distributed/kmeans/points.hpp"
#include "distributed/rows/partition.hpp"

namespace rankwise::testing {

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
inline Cloud mixture(Index count, Index dimensions, Index centers, double gap, unsigned seed) {
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

inline Cloud with_weights(Cloud cloud) {
  std::mt19937 engine(5);
  for (std::size_t r = 0; r < cloud.rows.size(); ++r) {
    cloud.weights.push_back(0.25F * static_cast<float>(1 + engine() % 12));
  }
  return cloud;
}

/// Half of all values are zero.
inline Cloud with_zeros(Cloud cloud) {
  std::mt19937 engine(6);
  for (auto& row : cloud.rows) {
    for (float& value : row) value = engine() % 2 == 0 ? 0.0F : value;
  }
  return cloud;
}

inline Matrix first_rows(const Cloud& cloud, Index count) {
  Matrix matrix(count, cloud.dimensions());
  for (Index k = 0; k < count; ++k) std::ranges::copy(cloud.rows[static_cast<std::size_t>(k)], matrix.row(k));
  return matrix;
}

inline double squared_distance_of(const std::vector<float>& row, const float* centroid) {
  double squares = 0;
  for (std::size_t j = 0; j < row.size(); ++j) {
    const double difference = static_cast<double>(row[j]) - static_cast<double>(centroid[j]);
    squares += difference * difference;
  }
  return squares;
}

inline std::int32_t plain_nearest(const std::vector<float>& row, const Matrix& centroids) {
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

inline std::vector<float> values_of(const Matrix& matrix) {
  return {matrix.row(0), matrix.row(0) + matrix.rows() * matrix.stride()};
}

/// From `start` to the end.
inline KMeansResult run_lloyd(const Communicator& comm, const Points& points, Matrix start,
                              const KMeansOptions& options) {
  LloydState state{std::move(start)};
  return lloyd(comm, points, state, options, [](const LloydIteration& /*iteration*/) {});
}

inline Matrix run_mini_batches(const Communicator& comm, const Points& points, Matrix start, const MiniBatches& batches,
                               const RandomStream& random) {
  MiniBatchState state{std::move(start)};
  take_mini_batches(comm, points, state, batches, DistanceMetric::euclidean, random, [] {});
  return std::move(state.centroids);
}

inline KMeansOptions to_the_end() {
  KMeansOptions options;
  options.tolerance = 0;
  return options;
}

/// Assignments are the nearest, centroids are the means, sizes and inertia are what they say.
inline void expect_consistent(const Communicator& comm, const Cloud& cloud, const KMeansResult& result) {
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

inline void expect_means(const Communicator& comm, const Cloud& cloud, const KMeansResult& result) {
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

/// Every rank, and this rank alone.
class CloudTest : public ::testing::Test {
 protected:
  const Communicator comm = Communicator::world();
  const Communicator self = Communicator::single();
};

}  // namespace rankwise::testing
