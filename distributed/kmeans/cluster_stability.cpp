#include "distributed/kmeans/cluster_stability.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/kmeans/point_rows.hpp"
#include "distributed/kmeans/seeding.hpp"
#include "kernels/base/philox.hpp"
#include "kernels/statistics/resampling.hpp"

namespace rankwise {

namespace {

/// The rows that are in a replicate, with how often they are as their weights. Collective.
Points resampled_rows(const Communicator& comm, const Points& points, std::uint64_t seed, Index replicate) {
  std::vector<Index> rows;
  std::vector<int> times;
  for (Index row = 0; row < points.mine.size(); ++row) {
    const auto number = static_cast<std::uint64_t>(points.mine.begin + row);
    const int weight = bootstrap_weight(seed, number, static_cast<std::size_t>(replicate));
    if (weight == 0) continue;
    rows.push_back(row);
    times.push_back(weight);
  }
  Points resampled = select_rows(comm, points, rows);
  resampled.weights.resize(times.size(), 1.0F);
  for (std::size_t row = 0; row < times.size(); ++row) resampled.weights[row] *= static_cast<float>(times[row]);
  return resampled;
}

/// Clusters of a replicate, found afresh, as assignments of all rows. Collective.
std::vector<std::int32_t> replicate_assignments(const Communicator& comm, const Points& points, const Points& resampled,
                                                Index clusters, std::uint64_t seed, const KMeansOptions& options) {
  const RandomStream random(seed, RandomPurpose::cluster_seeds);
  LloydState state{seed_plus_plus(comm, resampled, clusters, greedy_trials(clusters), random)};
  if (options.metric == DistanceMetric::cosine) normalize_rows(state.centroids.view());
  KMeansResult found = lloyd(comm, resampled, state, options, [](const LloydIteration&) {});
  return assign_rows(comm, points, std::move(found.centroids), options.metric).assignments;
}

/// Of each cluster its largest Jaccard similarity to another's; 0 of clusters without rows. Collective.
std::vector<double> largest_similarities(const Communicator& comm, std::span<const std::int32_t> clusters_of_rows,
                                         std::span<const std::int32_t> others_of_rows, Index clusters) {
  const auto count = static_cast<std::size_t>(clusters);
  std::vector<Index> common(count * count, 0);
  for (std::size_t row = 0; row < clusters_of_rows.size(); ++row)
    ++common[static_cast<std::size_t>(clusters_of_rows[row]) * count + static_cast<std::size_t>(others_of_rows[row])];
  comm.all_reduce_sum(std::span<Index>(common));
  std::vector<Index> sizes(count, 0);
  std::vector<Index> other_sizes(count, 0);
  for (std::size_t cell = 0; cell < common.size(); ++cell) {
    sizes[cell / count] += common[cell];
    other_sizes[cell % count] += common[cell];
  }
  std::vector<double> largest(count, 0);
  for (std::size_t cell = 0; cell < common.size(); ++cell) {
    if (common[cell] == 0) continue;
    const Index united = sizes[cell / count] + other_sizes[cell % count] - common[cell];
    largest[cell / count] =
        std::max(largest[cell / count], static_cast<double>(common[cell]) / static_cast<double>(united));
  }
  return largest;
}

}  // namespace

std::vector<double> bootstrap_stability(const Communicator& comm, const Points& points,
                                        std::span<const std::int32_t> assignments, Index clusters,
                                        const ClusterBootstrap& bootstrap, const KMeansOptions& options) {
  constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15;
  std::vector<double> sums(static_cast<std::size_t>(clusters), 0);
  Index done = 0;
  for (Index replicate = 0; replicate < bootstrap.replicates; ++replicate) {
    const Points resampled = resampled_rows(comm, points, bootstrap.seed, replicate);
    if (resampled.count < clusters) continue;
    const std::uint64_t seed = bootstrap.seed + static_cast<std::uint64_t>(replicate + 1) * golden_ratio;
    const std::vector<std::int32_t> others = replicate_assignments(comm, points, resampled, clusters, seed, options);
    const std::vector<double> similarities = largest_similarities(comm, assignments, others, clusters);
    for (std::size_t cluster = 0; cluster < sums.size(); ++cluster) sums[cluster] += similarities[cluster];
    ++done;
  }
  constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
  for (double& sum : sums) sum = sum > 0 ? sum / static_cast<double>(done) : undefined;
  return sums;
}

}  // namespace rankwise
