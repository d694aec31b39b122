#include "distributed/kmeans/cluster_sums.hpp"

#include <algorithm>
#include <cmath>
#include <omp.h>

#include "distributed/kmeans/point_rows.hpp"

namespace rankwise {

namespace {

/// As many parts as threads, where they take no more than this together.
constexpr Index parts_bytes = Index{256} << 20;

Index part_count(const Points& points, Index clusters) {
  const Index bytes = clusters * padded_columns(points.dimensions) * static_cast<Index>(sizeof(std::int64_t));
  return std::clamp<Index>(parts_bytes / std::max<Index>(bytes, 1), 1, omp_get_max_threads());
}

/// The largest |weight * value| in each dimension, and the largest weight, over all ranks. Collective over comm.
std::vector<double> largest_terms(const Communicator& comm, const Points& points) {
  std::vector<double> largest(static_cast<std::size_t>(points.dimensions) + 1);
  const auto* dense = std::get_if<Matrix>(&points.rows);
  for (Index r = 0; r < points.mine.size(); ++r) {
    const double weight = points.weight(r);
    const auto offer = [&largest, weight](std::size_t dimension, float value) {
      largest[dimension] = std::max(largest[dimension], weight * std::fabs(static_cast<double>(value)));
    };
    if (dense != nullptr) {
      const std::span<const float> row = dense->view().row_span(r);
      for (std::size_t j = 0; j < row.size(); ++j) offer(j, row[j]);
    } else {
      const CsrRow row = std::get<CsrBlock>(points.rows).row(r);
      for (std::size_t e = 0; e < row.values.size(); ++e)
        offer(static_cast<std::size_t>(row.columns[e]), row.values[e]);
    }
    largest.back() = std::max(largest.back(), weight);
  }
  comm.all_reduce_max(std::span<double>(largest));
  return largest;
}

kernels::SumQuanta choose_quanta(const Communicator& comm, const Points& points) {
  const std::vector<double> largest = largest_terms(comm, points);
  return kernels::SumQuanta::for_rows(std::span(largest).first(largest.size() - 1), largest.back(), points.count);
}

}  // namespace

ClusterSums::ClusterSums(const Communicator& comm, const Points& points, Index clusters)
    : points_(points), clusters_(clusters), quanta_(choose_quanta(comm, points)) {
  for (Index p = part_count(points, clusters); p > 0; --p) {
    parts_.push_back(std::make_unique<Part>(clusters, points.dimensions));
  }
}

ClusterSums::Part& ClusterSums::part() const {
  return *parts_[static_cast<std::size_t>(omp_get_thread_num()) % parts_.size()];
}

void ClusterSums::add(RowRange rows, std::span<const std::int32_t> clusters) {
  Part& mine = part();
  const std::lock_guard lock(mine.busy);
  add_rows(points_, rows, clusters, quanta_, mine.sums);
}

void ClusterSums::move(RowRange rows, std::span<const std::int32_t> before, std::span<const std::int32_t> after) {
  Part& mine = part();
  const std::lock_guard lock(mine.busy);
  move_rows(points_, rows, before, after, quanta_, mine.sums);
}

ClusterTotals ClusterSums::totals(const Communicator& comm) const {
  kernels::CentroidSums all(clusters_, points_.dimensions);
  for (const std::unique_ptr<Part>& part : parts_) all += part->sums;
  comm.all_reduce_sum(std::span<std::int64_t>(all.values));
  comm.all_reduce_sum(std::span<std::int64_t>(all.counts));
  comm.all_reduce_sum(std::span<std::int64_t>(all.weights));
  ClusterTotals totals;
  totals.dimensions = points_.dimensions;
  totals.counts.assign(all.counts.begin(), all.counts.end());
  totals.sums.reserve(static_cast<std::size_t>(clusters_ * points_.dimensions));
  for (Index k = 0; k < clusters_; ++k) {
    totals.weights.push_back(static_cast<double>(all.weights[static_cast<std::size_t>(k)]) / quanta_.inverse_weight);
    const std::int64_t* sums = all.row(k);
    for (Index j = 0; j < points_.dimensions; ++j) {
      totals.sums.push_back(static_cast<double>(sums[j]) / quanta_.inverse[static_cast<std::size_t>(j)]);
    }
  }
  return totals;
}

}  // namespace rankwise
