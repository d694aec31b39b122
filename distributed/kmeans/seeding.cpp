#include "distributed/kmeans/seeding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>

#include "distributed/kmeans/lloyd.hpp"
#include "distributed/kmeans/point_rows.hpp"
#include "kernels/base/fixed_point_sum.hpp"

namespace rankwise {

namespace {

// Draws of a row, or of row 0 where no row is meant, by what they are for.
constexpr std::uint32_t random_rows_draw = 0;
constexpr std::uint32_t first_round_draw = 1;
constexpr std::uint32_t first_centroid_draw = 1U << 16;

/// The rows with these ascending global numbers, on every rank. Collective over comm.
Matrix gather_rows(const Communicator& comm, const Points& points, std::span<const Index> rows) {
  const Index width = padded_columns(points.dimensions);
  std::vector<float> mine;
  for (const Index row : rows) {
    if (row < points.mine.begin || row >= points.mine.end) continue;
    mine.resize(mine.size() + static_cast<std::size_t>(width));
    copy_row(points, row - points.mine.begin, mine.data() + mine.size() - width);
  }
  const std::vector<float> all = comm.all_gather_varied(std::span<const float>(mine)).values;
  Matrix gathered(static_cast<Index>(rows.size()), points.dimensions);
  std::ranges::copy(all, gathered.row(0));
  return gathered;
}

/// This rank's rows, each with a mass, from which one row is drawn in proportion to it: masses are integers, so that
/// the draw does not depend on how rows are shared out.
class RowMasses {
 public:
  /// No mass will exceed `largest`. Collective over comm.
  RowMasses(const Communicator& comm, const Points& points, double largest)
      : comm_(comm),
        points_(points),
        scale_(FixedPointScale::for_terms(comm.max(largest), points.count)),
        blocks_(static_cast<std::size_t>((points.mine.size() + point_block - 1) / point_block)),
        masses_(static_cast<std::size_t>(points.mine.size())) {}

  /// The masses of a block of rows as for_each_point_block has them; any thread may set a block.
  void set(RowRange rows, std::span<const double> masses) {
    std::int64_t sum = 0;
    for (std::size_t r = 0; r < masses.size(); ++r) {
      masses_[static_cast<std::size_t>(rows.begin) + r] = scale_.to_fixed(masses[r]);
      sum += masses_[static_cast<std::size_t>(rows.begin) + r];
    }
    blocks_[static_cast<std::size_t>(rows.begin / point_block)] = sum;
  }

  /// What a local row's mass would fall by if it became `mass`.
  [[nodiscard]] std::int64_t drop(Index row, double mass) const {
    return masses_[static_cast<std::size_t>(row)] - scale_.to_fixed(mass);
  }

  /// Over all ranks. Collective over comm.
  [[nodiscard]] std::int64_t total() const { return comm_.sum(my_total()); }
  [[nodiscard]] double from_fixed(std::int64_t mass) const { return scale_.from_fixed(mass); }

  /// The row in which the fraction `uniform` of the total, which is not zero, falls. Collective over comm.
  [[nodiscard]] Index draw(std::int64_t total, double uniform) const {
    const auto target =
        std::min<std::int64_t>(static_cast<std::int64_t>(uniform * static_cast<double>(total)), total - 1);
    std::int64_t before = comm_.exclusive_sum(my_total());
    Index found = -1;
    if (target >= before && target < before + my_total()) {
      std::size_t block = 0;
      while (target >= before + blocks_[block]) before += blocks_[block++];
      auto row = block * static_cast<std::size_t>(point_block);
      while (target >= before + masses_[row]) before += masses_[row++];
      found = points_.mine.begin + static_cast<Index>(row);
    }
    return comm_.max(found);
  }

 private:
  [[nodiscard]] std::int64_t my_total() const {
    return std::accumulate(blocks_.begin(), blocks_.end(), std::int64_t{0});
  }

  const Communicator& comm_;
  const Points& points_;
  FixedPointScale scale_;
  std::vector<std::int64_t> blocks_;
  std::vector<std::int64_t> masses_;
};

double largest_weight(const Points& points) {
  return points.weights.empty() ? 1.0 : static_cast<double>(std::ranges::max(points.weights));
}

/// A row drawn in proportion to the weights.
Index draw_by_weight(const Communicator& comm, const Points& points, double uniform) {
  RowMasses masses(comm, points, points.mine.size() == 0 ? 0.0 : largest_weight(points));
  for_each_point_block(points, 1, [&](RowRange rows) {
    double weights[point_block];
    for (Index r = rows.begin; r < rows.end; ++r) weights[r - rows.begin] = points.weight(r);
    masses.set(rows, {weights, static_cast<std::size_t>(rows.size())});
  });
  return masses.draw(masses.total(), uniform);
}

/// Each row's nearest centroid so far and its squared distance.
struct NearestSoFar {
  explicit NearestSoFar(Index rows)
      : centroid(static_cast<std::size_t>(rows), -1),
        squared_distance(static_cast<std::size_t>(rows), std::numeric_limits<double>::infinity()) {}

  /// Takes the centroids [first, first + table.count()) into account. Rows in parallel.
  void offer(const Points& points, const kernels::CentroidTable& table, Index first) {
    const double operations = row_terms(points) * static_cast<double>(table.count());
    for_each_point_block(points, operations, [&](RowRange rows) {
      std::int32_t nearest[point_block];
      double squares[point_block];
      const auto size = static_cast<std::size_t>(rows.size());
      find_nearest(points, rows, table, {nearest, size});
      squared_distances(points, rows, table.centroids(), {nearest, size}, {squares, size});
      for (std::size_t r = 0; r < size; ++r) {
        const std::size_t row = static_cast<std::size_t>(rows.begin) + r;
        if (squares[r] < squared_distance[row]) {
          squared_distance[row] = squares[r];
          centroid[row] = static_cast<std::int32_t>(first) + nearest[r];
        }
      }
    });
  }

  std::vector<std::int32_t> centroid;
  std::vector<double> squared_distance;
};

/// Sets the masses of `rows` to weight times squared distance.
void set_masses(const Points& points, const NearestSoFar& so_far, RowRange rows, RowMasses& masses) {
  double terms[point_block];
  for (Index r = rows.begin; r < rows.end; ++r) {
    terms[r - rows.begin] = points.weight(r) * so_far.squared_distance[static_cast<std::size_t>(r)];
  }
  masses.set(rows, {terms, static_cast<std::size_t>(rows.size())});
}

double largest_mass(const Points& points, const NearestSoFar& so_far) {
  double largest = 0;
  for (std::size_t r = 0; r < so_far.squared_distance.size(); ++r) {
    largest = std::max(largest, points.weight(static_cast<Index>(r)) * so_far.squared_distance[r]);
  }
  return largest;
}

}  // namespace

Matrix seed_randomly(const Communicator& comm, const Points& points, Index clusters, const RandomStream& random) {
  // The rows with the smallest exponential variates of rate w; unweighted, the uniform variates order alike.
  struct Key {
    double variate;
    Index row;
  };
  const auto comes_before = [](const Key& a, const Key& b) {
    return a.variate < b.variate || (a.variate == b.variate && a.row < b.row);
  };
  const auto keep_first = [clusters, &comes_before](std::vector<Key>& keys) {
    const auto middle = keys.begin() + std::min(clusters, static_cast<Index>(keys.size()));
    std::partial_sort(keys.begin(), middle, keys.end(), comes_before);
    keys.erase(middle, keys.end());
  };
  std::vector<Key> keys;
  for (Index r = 0; r < points.mine.size(); ++r) {
    const Index row = points.mine.begin + r;
    const double uniform = random.uniform(row, random_rows_draw);
    keys.push_back({points.weights.empty() ? uniform : -std::log1p(-uniform) / points.weight(r), row});
  }
  keep_first(keys);
  keys = comm.all_gather_varied(std::span<const Key>(keys)).values;
  keep_first(keys);
  std::vector<Index> rows;
  for (const Key& key : keys) rows.push_back(key.row);
  std::ranges::sort(rows);
  return gather_rows(comm, points, rows);
}

namespace {

/// k-means++ one row at a time.
class PlusPlus {
 public:
  PlusPlus(const Communicator& comm, const Points& points, const RandomStream& random)
      : comm_(comm), points_(points), random_(random), so_far_(points.mine.size()) {}

  /// Centroids that are there already.
  void offer(const Matrix& centroids) {
    if (centroids.rows() > 0) so_far_.offer(points_, kernels::CentroidTable(centroids.view()), 0);
  }

  /// `trials` rows that may become centroid `k`. Collective over comm.
  [[nodiscard]] std::vector<Index> draw(Index k, Index trials) {
    const auto uniform = [&](Index trial) {
      return random_.uniform(trial, first_centroid_draw + static_cast<std::uint32_t>(k));
    };
    if (k == 0) return {draw_by_weight(comm_, points_, uniform(0))};
    // Masses that have become small beside those at first get a finer quantum.
    constexpr std::int64_t fading = 1 << 20;
    std::int64_t total = masses_ ? masses_->total() : 0;
    if (total <= total_at_first_ / fading) {
      masses_ = std::make_unique<RowMasses>(comm_, points_, largest_mass(points_, so_far_));
      for_each_point_block(points_, 1, [&](RowRange rows) { set_masses(points_, so_far_, rows, *masses_); });
      total = total_at_first_ = masses_->total();
    }
    if (total == 0) return {draw_by_weight(comm_, points_, uniform(0))};
    std::vector<Index> rows;
    for (Index trial = 0; trial < trials; ++trial) rows.push_back(masses_->draw(total, uniform(trial)));
    return rows;
  }

  /// The first of the drawn rows that takes most off the masses' sum. Collective over comm.
  [[nodiscard]] Index best(const Matrix& drawn) {
    const auto trials = static_cast<std::size_t>(drawn.rows());
    if (squares_.rows() < drawn.rows()) squares_ = Matrix(drawn.rows(), points_.mine.size());
    std::vector<std::int64_t> taken(trials);
    std::mutex adding;
    const double operations = row_terms(points_) * static_cast<double>(trials);
    for_each_point_block(points_, operations, [&](RowRange rows) {
      const MatrixView squares{squares_.row(0) + rows.begin, drawn.rows(), rows.size(), squares_.stride()};
      candidate_distances(points_, rows, drawn.view(), squares);
      if (!masses_) return;  // the first centroid has no rival
      std::vector<std::int64_t> here(trials);
      for (std::size_t t = 0; t < trials; ++t) {
        for (Index r = rows.begin; r < rows.end; ++r) {
          const auto squared = static_cast<double>(squares_.row(static_cast<Index>(t))[r]);
          if (squared < so_far_.squared_distance[static_cast<std::size_t>(r)]) {
            here[t] += masses_->drop(r, points_.weight(r) * squared);
          }
        }
      }
      const std::lock_guard lock(adding);
      for (std::size_t t = 0; t < trials; ++t) taken[t] += here[t];
    });
    comm_.all_reduce_sum(std::span<std::int64_t>(taken));
    return std::ranges::max_element(taken) - taken.begin();
  }

  /// Takes the drawn row `trial` into account, which becomes a centroid.
  void take(Index trial) {
    for_each_point_block(points_, 1, [&](RowRange rows) {
      bool changed = false;
      for (Index r = rows.begin; r < rows.end; ++r) {
        const auto row = static_cast<std::size_t>(r);
        const auto squared = static_cast<double>(squares_.row(trial)[r]);
        if (squared >= so_far_.squared_distance[row]) continue;
        so_far_.squared_distance[row] = squared;
        changed = true;
      }
      if (changed && masses_) set_masses(points_, so_far_, rows, *masses_);
    });
  }

 private:
  const Communicator& comm_;
  const Points& points_;
  const RandomStream& random_;
  NearestSoFar so_far_;
  std::unique_ptr<RowMasses> masses_;
  std::int64_t total_at_first_ = 0;
  Matrix squares_;  ///< squared distances of the rows to each of those drawn last
};

}  // namespace

Matrix add_plus_plus(const Communicator& comm, const Points& points, const Matrix& given, Index clusters, Index trials,
                     const RandomStream& random) {
  Matrix centroids(clusters, points.dimensions);
  std::copy_n(given.row(0), given.rows() * given.stride(), centroids.row(0));
  PlusPlus state(comm, points, random);
  state.offer(given);
  for (Index k = given.rows(); k < clusters; ++k) {
    const Matrix drawn = gather_rows(comm, points, state.draw(k, trials));
    const Index trial = state.best(drawn);
    std::copy_n(drawn.row(trial), drawn.stride(), centroids.row(k));
    state.take(trial);
  }
  return centroids;
}

Index greedy_trials(Index clusters) {
  return 2 + static_cast<Index>(std::log(static_cast<double>(clusters)));
}

Matrix seed_plus_plus(const Communicator& comm, const Points& points, Index clusters, Index trials,
                      const RandomStream& random) {
  return add_plus_plus(comm, points, Matrix(0, points.dimensions), clusters, trials, random);
}

namespace {

/// The drawn rows of k-means|| as points, each weighing as much as the rows nearest to it; the same on every rank.
Points weigh_candidates(const Communicator& comm, const Points& points, Matrix candidates, const NearestSoFar& so_far) {
  const FixedPointScale scale =
      FixedPointScale::for_terms(comm.max(points.mine.size() == 0 ? 0.0 : largest_weight(points)), points.count);
  std::vector<std::int64_t> sums(static_cast<std::size_t>(candidates.rows()));
  for (std::size_t r = 0; r < so_far.centroid.size(); ++r) {
    sums[static_cast<std::size_t>(so_far.centroid[r])] += scale.to_fixed(points.weight(static_cast<Index>(r)));
  }
  comm.all_reduce_sum(std::span<std::int64_t>(sums));
  Points weighed{candidates.rows(), {0, candidates.rows()}, candidates.columns(), std::move(candidates), {}};
  for (const std::int64_t sum : sums) {
    // A row that was drawn twice lies on its first copy, and has no row of its own.
    weighed.weights.push_back(std::max(static_cast<float>(scale.from_fixed(sum)), std::numeric_limits<float>::min()));
  }
  return weighed;
}

void append_rows(Matrix& matrix, const Matrix& more) {
  Matrix all(matrix.rows() + more.rows(), more.columns());
  std::copy_n(matrix.row(0), matrix.rows() * matrix.stride(), all.row(0));
  std::copy_n(more.row(0), more.rows() * more.stride(), all.row(matrix.rows()));
  matrix = std::move(all);
}

}  // namespace

Matrix seed_in_parallel(const Communicator& comm, const Points& points, Index clusters, const ParallelSeeding& options,
                        const RandomStream& random) {
  // 1. One row by weight.
  const Index first = draw_by_weight(comm, points, random.uniform(0, first_centroid_draw));
  Matrix candidates = gather_rows(comm, points, {&first, 1});
  NearestSoFar so_far(points.mine.size());
  so_far.offer(points, kernels::CentroidTable(candidates.view()), 0);
  // 2. Rounds: each row is drawn with a probability in proportion to its mass.
  for (Index round = 0; round < options.rounds; ++round) {
    RowMasses masses(comm, points, largest_mass(points, so_far));
    for_each_point_block(points, 1, [&](RowRange rows) { set_masses(points, so_far, rows, masses); });
    const double total = masses.from_fixed(masses.total());
    if (!(total > 0)) break;
    const double wanted = options.oversampling * static_cast<double>(clusters);
    std::vector<Index> drawn;
    for (Index r = 0; r < points.mine.size(); ++r) {
      const Index row = points.mine.begin + r;
      const double mass = points.weight(r) * so_far.squared_distance[static_cast<std::size_t>(r)];
      const double uniform = random.uniform(row, first_round_draw + static_cast<std::uint32_t>(round));
      if (uniform * total < wanted * mass) drawn.push_back(row);
    }
    drawn = comm.all_gather_varied(std::span<const Index>(drawn)).values;
    if (drawn.empty()) continue;
    const Matrix newest = gather_rows(comm, points, drawn);
    so_far.offer(points, kernels::CentroidTable(newest.view()), candidates.rows());
    append_rows(candidates, newest);
  }
  // 3. Where too few were drawn, k-means++ over all points is as fast.
  if (candidates.rows() < clusters) return seed_plus_plus(comm, points, clusters, greedy_trials(clusters), random);
  // 4. Every rank clusters the candidates.
  const Points weighed = weigh_candidates(comm, points, std::move(candidates), so_far);
  const Communicator self = Communicator::single();
  KMeansOptions few;
  few.max_iterations = 10;
  LloydState state{seed_plus_plus(self, weighed, clusters, greedy_trials(clusters), random)};
  return lloyd(self, weighed, state, few, [](const LloydIteration&) {}).centroids;
}

}  // namespace rankwise
