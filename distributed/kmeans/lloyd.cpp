#include "distributed/kmeans/lloyd.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>

#include "distributed/comm/order_free_sum.hpp"
#include "distributed/kmeans/cluster_sums.hpp"
#include "distributed/kmeans/point_rows.hpp"

namespace rankwise {

namespace {

/// A row that is far from its centroid.
struct FarRow {
  double squared_distance;
  Index row;  ///< global

  [[nodiscard]] bool comes_before(const FarRow& other) const {
    return squared_distance > other.squared_distance || (squared_distance == other.squared_distance && row < other.row);
  }
};

std::vector<double> own_squared_distances(const Points& points, ConstMatrixView centroids,
                                          std::span<const std::int32_t> assignments) {
  std::vector<double> squares(assignments.size());
  for_each_point_block(points, row_terms(points), [&](RowRange rows) {
    const auto begin = static_cast<std::size_t>(rows.begin);
    const auto size = static_cast<std::size_t>(rows.size());
    squared_distances(points, rows, centroids, assignments.subspan(begin, size),
                      std::span(squares).subspan(begin, size));
  });
  return squares;
}

/// sum of w_r terms[r] over all ranks.
double weighted_sum(const Communicator& comm, const Points& points, std::vector<double> terms) {
  for (std::size_t r = 0; r < terms.size(); ++r) terms[r] *= points.weight(static_cast<Index>(r));
  return order_free_sum(comm, terms);
}

double weighted_squared_norms(const Communicator& comm, const Points& points) {
  std::vector<double> norms(static_cast<std::size_t>(points.mine.size()));
  for_each_point_block(points, row_terms(points), [&](RowRange rows) {
    squared_norms(
        points, rows,
        std::span(norms).subspan(static_cast<std::size_t>(rows.begin), static_cast<std::size_t>(rows.size())));
  });
  return weighted_sum(comm, points, std::move(norms));
}

/// What an assignment did, counted by threads and ranks.
class Progress {
 public:
  void add(Index moved, const SearchCounts& counts) {
    counts_[0] += moved;
    counts_[1] += counts.passed_over;
    counts_[2] += counts.decided_twice;
    counts_[3] += counts.scored;
  }
  /// Moved, passed over, decided twice, scored. Collective over comm.
  [[nodiscard]] std::array<Index, 4> sum(const Communicator& comm) const {
    std::array<Index, 4> counts;
    std::ranges::transform(counts_, counts.begin(), [](const std::atomic<Index>& count) { return count.load(); });
    comm.all_reduce_sum(std::span<Index>(counts));
    return counts;
  }

 private:
  std::array<std::atomic<Index>, 4> counts_{};
};

/// Lloyd's iterations; one member function per step.
class Lloyd {
 public:
  /// `state` outlives it.
  Lloyd(const Communicator& comm, const Points& points, LloydState& state, const KMeansOptions& options)
      : comm_(comm),
        points_(points),
        metric_(options.metric),
        state_(state),
        centroids_(state.centroids),
        sums_(comm, points, centroids_.rows()),
        squared_norms_(weighted_squared_norms(comm, points)),
        assignments_(static_cast<std::size_t>(points.mine.size()), -1),
        choice_(comm, options.pruning, points, centroids_.rows()) {
    if (!state.history.empty()) restore_assignments();
  }

  /// Assigns every row to its nearest centroid and keeps the sums up to date.
  void assign(LloydIteration& iteration) {
    NearestSearch& search = choice_.aim_at(centroids_.view());
    Progress all;
    for_each_point_block(points_, search_operations(), [&](RowRange rows) {
      std::int32_t nearest[point_block];
      const std::span<std::int32_t> found(nearest, static_cast<std::size_t>(rows.size()));
      const auto before = std::span(assignments_).subspan(static_cast<std::size_t>(rows.begin), found.size());
      std::ranges::copy(before, found.begin());
      const SearchCounts counts = search.find(rows, found);
      Index moved = 0;
      for (std::size_t r = 0; r < found.size(); ++r) moved += found[r] != before[r] ? 1 : 0;
      all.add(moved, counts);
      if (moved == 0) return;
      sums_.move(rows, before, found);
      std::ranges::copy(found, before.begin());
    });
    const auto [moved, passed_over, decided_twice, scored] = all.sum(comm_);
    iteration.search = choice_.kind();
    iteration.moved = moved;
    iteration.pruned = passed_over;
    iteration.decided_twice = decided_twice;
    iteration.scored =
        static_cast<double>(scored) / (static_cast<double>(points_.count) * static_cast<double>(centroids_.rows()));
    totals_ = sums_.totals(comm_);
  }

  /// Looks which search will be fastest from here on.
  void choose_search() { choice_.scout(); }

  /// The inertia from the sums: sum w |x|^2 - 2 sum_k <c_k, S_k> + sum_k w_k |c_k|^2.
  /// In double, it serves to watch the iterations.
  [[nodiscard]] double inertia_from_sums() const {
    double inertia = squared_norms_;
    for (Index k = 0; k < totals_.clusters(); ++k) {
      const std::span<const double> sum = totals_.sum(k);
      const float* centroid = centroids_.row(k);
      for (std::size_t j = 0; j < sum.size(); ++j) {
        const auto c = static_cast<double>(centroid[j]);
        inertia += c * (totals_.weights[static_cast<std::size_t>(k)] * c - 2 * sum[j]);
      }
    }
    return std::max(metric_ == DistanceMetric::cosine ? inertia / 2 : inertia, 0.0);
  }

  /// Gives each empty cluster one of the rows that are farthest from their centroids. Rows alone in their cluster stay,
  /// and so do rows that lie on their centroid.
  void fill_empty_clusters(LloydIteration& iteration) {
    state_.relocations.clear();
    std::vector<std::int32_t> empty;
    for (std::size_t k = 0; k < totals_.counts.size(); ++k) {
      if (totals_.counts[k] == 0) empty.push_back(static_cast<std::int32_t>(k));
    }
    if (empty.empty()) return;
    const std::vector<FarRow> far = farthest_rows(empty.size());
    for (std::size_t e = 0; e < far.size(); ++e) {
      state_.relocations.push_back({far[e].row, empty[e]});
      relocate(state_.relocations.back());
    }
    iteration.relocated = static_cast<Index>(far.size());
    if (!far.empty()) totals_ = sums_.totals(comm_);
  }

  /// Centroids become the means of their rows. Returns the squared shifts' sum.
  [[nodiscard]] double move_centroids() {
    if (state_.assigned_to.rows() == 0) state_.assigned_to = Matrix(centroids_.rows(), centroids_.columns());
    std::copy_n(centroids_.row(0), centroids_.rows() * centroids_.stride(), state_.assigned_to.row(0));
    double squared_shift = 0;
    for (Index k = 0; k < totals_.clusters(); ++k) {
      if (totals_.counts[static_cast<std::size_t>(k)] == 0) continue;  // stays where it is
      const std::span<const double> sum = totals_.sum(k);
      double divisor = totals_.weights[static_cast<std::size_t>(k)];
      if (metric_ == DistanceMetric::cosine) {
        divisor = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
        if (divisor == 0.0) continue;
      }
      float* centroid = centroids_.row(k);
      for (std::size_t j = 0; j < sum.size(); ++j) {
        const auto mean = static_cast<float>(sum[j] / divisor);
        const double shift = static_cast<double>(mean) - static_cast<double>(centroid[j]);
        squared_shift += shift * shift;
        centroid[j] = mean;
      }
    }
    return squared_shift;
  }

  /// Mean over the dimensions of the points' variance.
  [[nodiscard]] double mean_variance() const {
    const double weight = std::accumulate(totals_.weights.begin(), totals_.weights.end(), 0.0);
    double squared_mean = 0;
    for (Index j = 0; j < totals_.dimensions; ++j) {
      double sum = 0;
      for (Index k = 0; k < totals_.clusters(); ++k) sum += totals_.sum(k)[static_cast<std::size_t>(j)];
      squared_mean += (sum / weight) * (sum / weight);
    }
    return std::max(0.0, squared_norms_ / weight - squared_mean) / static_cast<double>(totals_.dimensions);
  }

  /// Assignments, distances and inertia to the centroids as they are now.
  [[nodiscard]] KMeansResult finish() && {
    LloydIteration last;
    assign(last);
    std::vector<double> squares = own_squared_distances(points_, centroids_.view(), assignments_);
    KMeansResult result;
    result.distances.resize(squares.size());
    for (std::size_t r = 0; r < squares.size(); ++r) {
      if (metric_ == DistanceMetric::cosine) squares[r] /= 2;
      result.distances[r] = static_cast<float>(metric_ == DistanceMetric::cosine ? squares[r] : std::sqrt(squares[r]));
    }
    result.inertia = weighted_sum(comm_, points_, std::move(squares));
    result.centroids = std::move(centroids_);
    result.history = std::move(state_.history);
    result.converged = state_.converged;
    result.assignments = std::move(assignments_);
    result.sizes = std::move(totals_.counts);
    result.weights = std::move(totals_.weights);
    return result;
  }

 private:
  /// Puts all rows where the last iteration had them.
  void restore_assignments() {
    const kernels::CentroidTable table(state_.assigned_to.view());
    for_each_point_block(points_, search_operations(), [&](RowRange rows) {
      std::int32_t nearest[point_block];
      const std::span<std::int32_t> found(nearest, static_cast<std::size_t>(rows.size()));
      const auto before = std::span(assignments_).subspan(static_cast<std::size_t>(rows.begin), found.size());
      find_nearest(points_, rows, table, found);
      sums_.move(rows, before, found);
      std::ranges::copy(found, before.begin());
    });
    for (const Relocation& relocation : state_.relocations) relocate(relocation);
  }

  void relocate(const Relocation& relocation) {
    const Index local = relocation.row - points_.mine.begin;
    if (local < 0 || local >= points_.mine.size()) return;
    std::int32_t& assignment = assignments_[static_cast<std::size_t>(local)];
    sums_.move({local, local + 1}, {&assignment, 1}, {&relocation.cluster, 1});
    assignment = relocation.cluster;
    choice_.forget(local);
  }

  /// The `count` rows, or fewer, that are farthest from their centroids; the same on every rank.
  [[nodiscard]] std::vector<FarRow> farthest_rows(std::size_t count) const {
    const std::vector<double> squares = own_squared_distances(points_, centroids_.view(), assignments_);
    std::vector<FarRow> far;
    far.reserve(squares.size());
    for (std::size_t r = 0; r < squares.size(); ++r) {
      const bool alone = totals_.counts[static_cast<std::size_t>(assignments_[r])] == 1;
      if (squares[r] > 0 && !alone) far.push_back({squares[r], points_.mine.begin + static_cast<Index>(r)});
    }
    const auto keep_farthest = [count](std::vector<FarRow>& rows) {
      const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(std::min(count, rows.size()));
      std::partial_sort(rows.begin(), middle, rows.end(),
                        [](const FarRow& a, const FarRow& b) { return a.comes_before(b); });
      rows.erase(middle, rows.end());
    };
    keep_farthest(far);
    far = comm_.all_gather_varied(std::span<const FarRow>(far)).values;
    keep_farthest(far);
    return far;
  }

  /// Of a row whose distances to all centroids are found.
  [[nodiscard]] double search_operations() const { return row_terms(points_) * static_cast<double>(centroids_.rows()); }

  const Communicator& comm_;
  const Points& points_;
  DistanceMetric metric_;
  LloydState& state_;
  Matrix& centroids_;  ///< the state's
  ClusterSums sums_;
  double squared_norms_;  ///< weighted, of all points
  std::vector<std::int32_t> assignments_;
  ClusterTotals totals_;
  SearchChoice choice_;
};

}  // namespace

KMeansResult lloyd(const Communicator& comm, const Points& points, LloydState& state, const KMeansOptions& options,
                   const std::function<void(const LloydIteration&)>& tell) {
  Lloyd run(comm, points, state, options);
  while (!state.converged && static_cast<Index>(state.history.size()) < options.max_iterations) {
    const auto begin = std::chrono::steady_clock::now();
    LloydIteration iteration;
    // 1. Rows to their nearest centroids; the sums follow.
    run.assign(iteration);
    iteration.inertia = run.inertia_from_sums();
    if (state.history.empty()) state.least_squared_shift = options.tolerance * run.mean_variance();
    run.choose_search();
    // 2. No cluster stays empty while a row could do better.
    run.fill_empty_clusters(iteration);
    // 3. Centroids to the means.
    iteration.squared_shift = run.move_centroids();
    state.converged =
        (iteration.moved == 0 && iteration.relocated == 0) || iteration.squared_shift <= state.least_squared_shift;
    iteration.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    state.history.push_back(iteration);
    tell(iteration);
  }
  // 4. Once more, so that everything agrees.
  return std::move(run).finish();
}

KMeansResult assign_rows(const Communicator& comm, const Points& points, Matrix centroids, DistanceMetric metric) {
  KMeansOptions options;
  options.metric = metric;
  options.pruning.pruning = Pruning::off;
  LloydState state{std::move(centroids)};
  return Lloyd(comm, points, state, options).finish();
}

Index kmeans_bytes(const Points& points, Index clusters, int threads) {
  constexpr Index float_bytes = sizeof(float);
  Index rows = 0;
  if (const auto* dense = std::get_if<Matrix>(&points.rows)) {
    rows = static_cast<Index>(dense->bytes());
  } else {
    const auto& block = std::get<CsrBlock>(points.rows);
    rows = block.rows() * static_cast<Index>(sizeof(Index)) +
           block.entries() * (float_bytes + static_cast<Index>(sizeof(LocalIndex)));
  }
  // Per row: assignment, distance and its square, which seeding has too, and once sorted by it; weight where there are
  // any.
  const Index row_bytes = 2 * float_bytes + static_cast<Index>(sizeof(double)) + static_cast<Index>(sizeof(FarRow)) +
                          (points.weights.empty() ? 0 : float_bytes);
  // Per centroid: itself, as it was, packed, the scouts' copies, the state's copy, the sums of each thread and of all.
  const Index centroid_bytes =
      padded_columns(points.dimensions) * (11 * float_bytes + (threads + 3) * static_cast<Index>(sizeof(std::int64_t)));
  return rows + points.mine.size() * row_bytes + clusters * centroid_bytes;
}

double assignment_flops(const Points& points, Index clusters) {
  const auto* sparse = std::get_if<CsrBlock>(&points.rows);
  const Index terms = sparse != nullptr ? sparse->entries() : points.mine.size() * points.dimensions;
  return 2.0 * static_cast<double>(terms) * static_cast<double>(clusters);
}

}  // namespace rankwise
