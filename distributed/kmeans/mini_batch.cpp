#include "distributed/kmeans/mini_batch.hpp"

#include <algorithm>

#include "distributed/kmeans/cluster_sums.hpp"
#include "distributed/kmeans/point_rows.hpp"

namespace rankwise {

namespace {

/// Sums of the batch's rows by their nearest centroids. Collective over comm.
ClusterTotals sum_batch(const Communicator& comm, const Points& batch, ConstMatrixView centroids) {
  const kernels::CentroidTable table(centroids);
  ClusterSums sums(comm, batch, centroids.rows);
  const double operations = row_terms(batch) * static_cast<double>(centroids.rows);
  for_each_point_block(batch, operations, [&](RowRange rows) {
    std::int32_t nearest[point_block];
    const auto size = static_cast<std::size_t>(rows.size());
    find_nearest(batch, rows, table, {nearest, size});
    sums.add(rows, {nearest, size});
  });
  return sums.totals(comm);
}

}  // namespace

void take_mini_batches(const Communicator& comm, const Points& points, MiniBatchState& state,
                       const MiniBatches& batches, DistanceMetric metric, const RandomStream& random,
                       const std::function<void()>& tell) {
  Matrix& centroids = state.centroids;
  std::vector<double>& taken = state.taken;
  taken.resize(static_cast<std::size_t>(centroids.rows()));
  while (state.batches < batches.count) {
    // 1. Draw rows; each rank keeps its own.
    std::vector<Index> drawn;
    for (Index draw = 0; draw < batches.rows; ++draw) {
      const double uniform = random.uniform(draw, static_cast<std::uint32_t>(state.batches));
      const Index row = std::min(static_cast<Index>(uniform * static_cast<double>(points.count)), points.count - 1);
      if (row >= points.mine.begin && row < points.mine.end) drawn.push_back(row - points.mine.begin);
    }
    // 2. Sum them by their nearest centroids.
    const ClusterTotals totals = sum_batch(comm, select_rows(comm, points, drawn), centroids.view());
    // 3. Move the centroids.
    for (Index k = 0; k < totals.clusters(); ++k) {
      const double weight = totals.weights[static_cast<std::size_t>(k)];
      if (weight == 0) continue;
      taken[static_cast<std::size_t>(k)] += weight;
      const std::span<const double> sum = totals.sum(k);
      for (std::size_t j = 0; j < sum.size(); ++j) {
        float& centroid = centroids.row(k)[j];
        const auto old = static_cast<double>(centroid);
        centroid = static_cast<float>(old + (sum[j] - weight * old) / taken[static_cast<std::size_t>(k)]);
      }
    }
    if (metric == DistanceMetric::cosine) normalize_rows(centroids.view());
    ++state.batches;
    tell();
  }
}

}  // namespace rankwise
