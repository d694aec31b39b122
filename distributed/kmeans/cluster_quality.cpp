#include "distributed/kmeans/cluster_quality.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "distributed/comm/order_free_sum.hpp"
#include "distributed/kmeans/cluster_sums.hpp"
#include "distributed/kmeans/point_rows.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/base/fixed_point_sum.hpp"
#include "kernels/kmeans/squared_distance.hpp"
#include "kernels/ranking/score_block.hpp"

namespace rankwise {

namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// Clusters that have rows, by their means.
struct ClusterMeans {
  Matrix means;  ///< as many as have rows
  std::vector<double> weights;
  std::vector<std::int32_t> place;  ///< of each cluster among the means; -1 where it has no rows
  std::vector<double> overall;      ///< mean of all rows
  double weight = 0;                ///< of all rows

  [[nodiscard]] Index count() const { return means.rows(); }
};

ClusterMeans find_means(const ClusterTotals& totals) {
  ClusterMeans result;
  const auto used = std::ranges::count_if(totals.counts, [](Index count) { return count > 0; });
  result.means = Matrix(used, totals.dimensions);
  result.overall.resize(static_cast<std::size_t>(totals.dimensions));
  result.place.assign(totals.counts.size(), -1);
  for (Index k = 0; k < totals.clusters(); ++k) {
    const auto cluster = static_cast<std::size_t>(k);
    if (totals.counts[cluster] == 0) continue;
    const auto place = static_cast<Index>(result.weights.size());
    result.place[cluster] = static_cast<std::int32_t>(place);
    result.weights.push_back(totals.weights[cluster]);
    result.weight += totals.weights[cluster];
    const std::span<const double> sum = totals.sum(k);
    for (std::size_t j = 0; j < sum.size(); ++j) {
      result.means.row(place)[j] = static_cast<float>(sum[j] / totals.weights[cluster]);
      result.overall[j] += sum[j];
    }
  }
  for (double& value : result.overall) value /= result.weight;
  return result;
}

/// For each of this rank's rows: its mean's place, its squared distance to it, and the same of the nearest other mean.
struct RowDistances {
  std::vector<std::int32_t> own;
  std::vector<double> own_squares;
};

RowDistances distances_to_means(const Points& points, std::span<const std::int32_t> assignments,
                                const ClusterMeans& means) {
  RowDistances distances{std::vector<std::int32_t>(assignments.size()), std::vector<double>(assignments.size())};
  for_each_point_block(points, row_terms(points), [&](RowRange rows) {
    const auto begin = static_cast<std::size_t>(rows.begin);
    const auto size = static_cast<std::size_t>(rows.size());
    for (std::size_t r = begin; r < begin + size; ++r) {
      distances.own[r] = means.place[static_cast<std::size_t>(assignments[r])];
    }
    squared_distances(points, rows, means.means.view(), std::span(distances.own).subspan(begin, size),
                      std::span(distances.own_squares).subspan(begin, size));
  });
  return distances;
}

/// Weighted sums by cluster of a term per row, order-free. Collective over comm.
std::vector<double> sum_by_cluster(const Communicator& comm, const Points& points, const std::vector<std::int32_t>& own,
                                   const std::vector<double>& terms, Index clusters) {
  double largest = 0;
  for (std::size_t r = 0; r < terms.size(); ++r) {
    largest = std::max(largest, points.weight(static_cast<Index>(r)) * terms[r]);
  }
  const FixedPointScale scale = FixedPointScale::for_terms(comm.max(largest), points.count);
  std::vector<std::int64_t> sums(static_cast<std::size_t>(clusters));
  for (std::size_t r = 0; r < terms.size(); ++r) {
    sums[static_cast<std::size_t>(own[r])] += scale.to_fixed(points.weight(static_cast<Index>(r)) * terms[r]);
  }
  comm.all_reduce_sum(std::span<std::int64_t>(sums));
  std::vector<double> result;
  for (const std::int64_t sum : sums) result.push_back(scale.from_fixed(sum));
  return result;
}

double find_davies_bouldin(const ClusterMeans& means, const std::vector<double>& distance_sums) {
  double total = 0;
  for (Index i = 0; i < means.count(); ++i) {
    double worst = 0;
    for (Index j = 0; j < means.count(); ++j) {
      if (j == i) continue;
      const double gap =
          std::sqrt(kernels::squared_distance(means.means.row(i), means.means.row(j), means.means.stride()));
      const auto spread = [&](Index k) {
        return distance_sums[static_cast<std::size_t>(k)] / means.weights[static_cast<std::size_t>(k)];
      };
      const double both = spread(i) + spread(j);
      // Two clusters of one point each in one place are as bad as can be, unless neither has any spread.
      worst = std::max(worst, both == 0 ? 0.0 : both / gap);
    }
    total += worst;
  }
  return total / static_cast<double>(means.count());
}

double find_calinski_harabasz(const ClusterMeans& means, double within) {
  double between = 0;
  for (Index k = 0; k < means.count(); ++k) {
    double squares = 0;
    for (std::size_t j = 0; j < means.overall.size(); ++j) {
      const double difference = static_cast<double>(means.means.row(k)[j]) - means.overall[j];
      squares += difference * difference;
    }
    between += means.weights[static_cast<std::size_t>(k)] * squares;
  }
  const auto clusters = static_cast<double>(means.count());
  return within == 0 ? 1.0 : between * (means.weight - clusters) / (within * (clusters - 1));
}

/// (b - a) / max(a, b), and 0 where both are.
double silhouette_of(double own, double other) {
  const double larger = std::max(own, other);
  return larger > 0 ? (other - own) / larger : 0.0;
}

/// The silhouettes of a block of rows.
class Silhouettes {
 public:
  Silhouettes(const Points& points, const ClusterMeans& means, const RowDistances& distances,
              const std::vector<double>& within)
      : points_(points), means_(means), distances_(distances) {
    for (Index k = 0; k < means.count(); ++k) {
      const double spread = within[static_cast<std::size_t>(k)] / means.weights[static_cast<std::size_t>(k)];
      double squares = 0;
      for (Index j = 0; j < means.means.columns(); ++j) {
        squares += static_cast<double>(means.means.row(k)[j]) * static_cast<double>(means.means.row(k)[j]);
      }
      spreads_.push_back(spread);
      half_squares_.push_back(static_cast<float>(squares / 2));
      half_squares_and_spreads_.push_back(static_cast<float>((squares + spread) / 2));
    }
  }

  /// What a thread needs for a block of rows.
  struct Scratch {
    explicit Scratch(Index dimensions) : rows(kernels::score_users, dimensions), scores(kernels::score_buffer()) {}
    Matrix rows;
    Matrix scores;
  };

  /// At most kernels::score_users rows.
  void find(RowRange rows, Scratch& scratch, std::vector<double>& simplified, std::vector<double>& exact) const {
    const MatrixView dense = scratch.rows.view().middle_rows(0, rows.size());
    for (Index r = rows.begin; r < rows.end; ++r) copy_row(points_, r, dense.row(r - rows.begin));
    Best nearest[kernels::score_users];
    Best least_mean_distance[kernels::score_users];
    Matrix& scores = scratch.scores;
    for (Index first = 0; first < means_.count(); first += kernels::score_items) {
      const Index count = std::min(kernels::score_items, means_.count() - first);
      kernels::score_block(dense, means_.means.view().middle_rows(first, count), scores.view());
      for (Index r = 0; r < rows.size(); ++r) {
        const std::int32_t own = distances_.own[static_cast<std::size_t>(rows.begin + r)];
        for (Index k = first; k < first + count; ++k) {
          if (k == own) continue;
          const auto mean = static_cast<std::size_t>(k);
          const float score = scores.row(r)[k - first];
          nearest[r].offer(k, score - half_squares_[mean]);
          least_mean_distance[r].offer(k, score - half_squares_and_spreads_[mean]);
        }
      }
    }
    for (Index r = 0; r < rows.size(); ++r) {
      const auto row = static_cast<std::size_t>(rows.begin + r);
      const auto own = static_cast<std::size_t>(distances_.own[row]);
      const double own_squares = distances_.own_squares[row];
      const auto squares_to = [&](Index k) {
        return kernels::squared_distance(dense.row(r), means_.means.row(k), dense.stride);
      };
      simplified[row] = silhouette_of(std::sqrt(own_squares), std::sqrt(squares_to(nearest[r].mean)));
      // The mean squared distance to a cluster's rows is that to its mean plus the cluster's spread; among its own a
      // row does not count itself.
      const double weight = points_.weight(rows.begin + r);
      const double others = means_.weights[own] - weight;
      if (others > 0) {
        const double to_own = (own_squares + spreads_[own]) * means_.weights[own] / others;
        const Index other = least_mean_distance[r].mean;
        exact[row] = silhouette_of(to_own, squares_to(other) + spreads_[static_cast<std::size_t>(other)]);
      }
    }
  }

 private:
  struct Best {
    Index mean = -1;
    float score = 0;
    void offer(Index candidate, float value) {
      if (mean >= 0 && !(value > score)) return;
      mean = candidate;
      score = value;
    }
  };
  const Points& points_;
  const ClusterMeans& means_;
  const RowDistances& distances_;
  std::vector<double> spreads_;  ///< mean squared distance of a cluster's rows to its mean
  std::vector<float> half_squares_;
  std::vector<float> half_squares_and_spreads_;
};

double weighted_mean(const Communicator& comm, const Points& points, const std::vector<double>& terms, double weight) {
  std::vector<double> weighted(terms);
  for (std::size_t r = 0; r < weighted.size(); ++r) weighted[r] *= points.weight(static_cast<Index>(r));
  return order_free_sum(comm, weighted) / weight;
}

/// Clusters by their means, and what rows are from these.
struct MeasuredClusters {
  ClusterMeans means;
  std::vector<double> within;         ///< of each mean, squared distances of its rows to it; empty: not comparable
  std::vector<double> distance_sums;  ///< likewise, distances
  RowSilhouettes silhouettes;
};

MeasuredClusters measure_clusters(const Communicator& comm, const Points& points,
                                  std::span<const std::int32_t> assignments, Index clusters) {
  // 1. The clusters' means.
  MeasuredClusters measured;
  ClusterSums sums(comm, points, clusters);
  for_each_point_block(points, row_terms(points), [&](RowRange rows) {
    sums.add(rows, assignments.subspan(static_cast<std::size_t>(rows.begin), static_cast<std::size_t>(rows.size())));
  });
  measured.means = find_means(sums.totals(comm));
  const ClusterMeans& means = measured.means;
  if (means.count() < 2 || means.count() >= points.count) return measured;
  // 2. What the rows are from their means.
  const RowDistances distances = distances_to_means(points, assignments, means);
  std::vector<double> roots(distances.own_squares.size());
  std::ranges::transform(distances.own_squares, roots.begin(), [](double square) { return std::sqrt(square); });
  measured.within = sum_by_cluster(comm, points, distances.own, distances.own_squares, means.count());
  measured.distance_sums = sum_by_cluster(comm, points, distances.own, roots, means.count());
  // 3. Silhouettes.
  const Silhouettes silhouettes(points, means, distances, measured.within);
  RowSilhouettes& rows = measured.silhouettes;
  rows.simplified.resize(assignments.size());
  rows.exact.resize(assignments.size());
  const int threads =
      team_size(static_cast<double>(points.mine.size()) * row_terms(points) * static_cast<double>(means.count()));
#pragma omp parallel num_threads(threads)
  {
    Silhouettes::Scratch scratch(points.dimensions);
#pragma omp for schedule(dynamic)
    for (Index begin = 0; begin < points.mine.size(); begin += kernels::score_users) {
      const RowRange block{begin, std::min(begin + kernels::score_users, points.mine.size())};
      silhouettes.find(block, scratch, rows.simplified, rows.exact);
    }
  }
  return measured;
}

}  // namespace

ClusterQuality assess_clusters(const Communicator& comm, const Points& points,
                               std::span<const std::int32_t> assignments, Index clusters) {
  const MeasuredClusters measured = measure_clusters(comm, points, assignments, clusters);
  const ClusterMeans& means = measured.means;
  if (measured.within.empty()) return {undefined, undefined, undefined, undefined};
  return {find_davies_bouldin(means, measured.distance_sums),
          find_calinski_harabasz(means, std::accumulate(measured.within.begin(), measured.within.end(), 0.0)),
          weighted_mean(comm, points, measured.silhouettes.simplified, means.weight),
          weighted_mean(comm, points, measured.silhouettes.exact, means.weight)};
}

RowSilhouettes row_silhouettes(const Communicator& comm, const Points& points,
                               std::span<const std::int32_t> assignments, Index clusters) {
  return measure_clusters(comm, points, assignments, clusters).silhouettes;
}

double adjusted_rand_index(const Communicator& comm, std::span<const std::int32_t> a, Index a_clusters,
                           std::span<const std::int32_t> b, Index b_clusters) {
  std::vector<Index> table(static_cast<std::size_t>(a_clusters * b_clusters));
  for (std::size_t r = 0; r < a.size(); ++r) ++table[static_cast<std::size_t>(a[r] * b_clusters + b[r])];
  comm.all_reduce_sum(std::span<Index>(table));
  const auto pairs = [](Index count) { return static_cast<double>(count) * static_cast<double>(count - 1) / 2; };
  std::vector<Index> a_sizes(static_cast<std::size_t>(a_clusters));
  std::vector<Index> b_sizes(static_cast<std::size_t>(b_clusters));
  double together = 0;
  for (Index i = 0; i < a_clusters; ++i) {
    for (Index j = 0; j < b_clusters; ++j) {
      const Index count = table[static_cast<std::size_t>(i * b_clusters + j)];
      a_sizes[static_cast<std::size_t>(i)] += count;
      b_sizes[static_cast<std::size_t>(j)] += count;
      together += pairs(count);
    }
  }
  double in_a = 0;
  double in_b = 0;
  for (const Index size : a_sizes) in_a += pairs(size);
  for (const Index size : b_sizes) in_b += pairs(size);
  const double all = pairs(std::accumulate(a_sizes.begin(), a_sizes.end(), Index{0}));
  const double expected = all > 0 ? in_a * in_b / all : 0.0;
  const double largest = (in_a + in_b) / 2;
  return largest == expected ? 1.0 : (together - expected) / (largest - expected);
}

}  // namespace rankwise
