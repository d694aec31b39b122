#include "kernels/kmeans/grouped_search.hpp"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/kmeans/grouped_search.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/dense/row_block-inl.hpp"
#include "kernels/kmeans/centroid_scores-inl.hpp"
#include "kernels/kmeans/score_bounds.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr int group_vectors = static_cast<int>(group_centroids / vector_floats);
/// Rows of a tile: with group_vectors vectors each, eight accumulators, which hide the latency of FMA.
constexpr int tile_places = std::max(1, 8 / group_vectors);

/// A row that may leave its centroid, on its way past the groups.
struct DoubtfulRow {
  const float* values;
  Index row;             ///< of the block
  float squares;         ///< |x|^2
  float norm;            ///< its root
  float gap;             ///< scores further apart than this are in the right order
  float at_most;         ///< distance to `nearest`
  std::int32_t nearest;  ///< of the centroids seen, -1: none yet
  float best;            ///< score of `nearest`
  float second;          ///< the highest score of the others that were seen
};

/// Lets the bounds of a row follow the shifts. Returns the least one, a bound for all centroids but its own.
HWY_INLINE float follow(const GroupShifts& shifts, float* bounds) {
  const FloatTag d;
  // Rounds down more than the subtraction may have rounded up.
  const FloatVector down = hn::Set(d, 1 - 0x1p-20F);
  FloatVector least = hn::Set(d, infinity);
  for (std::size_t g = 0; g < shifts.farthest.size(); g += static_cast<std::size_t>(vector_floats)) {
    const FloatVector moved = hn::Sub(hn::Load(d, bounds + g), hn::LoadU(d, shifts.farthest.data() + g));
    const FloatVector bound = hn::Mul(hn::Max(moved, hn::Zero(d)), down);
    hn::Store(bound, d, bounds + g);
    least = hn::Min(least, bound);
  }
  return hn::GetLane(hn::MinOfLanes(d, least));
}

/// <x, c> and |x|^2; their order of terms is the target's own, which no result sees.
struct OwnProducts {
  float product;
  float squares;
};
HWY_INLINE OwnProducts own_products(const float* row, const float* centroid, Index columns) {
  const FloatTag d;
  FloatVector product = hn::Zero(d);
  FloatVector squares = hn::Zero(d);
  for (Index j = 0; j < columns; j += vector_floats) {
    const FloatVector x = hn::Load(d, row + j);
    product = hn::MulAdd(x, hn::Load(d, centroid + j), product);
    squares = hn::MulAdd(x, x, squares);
  }
  return {hn::GetLane(hn::SumOfLanes(d, product)), hn::GetLane(hn::SumOfLanes(d, squares)) + 0x1p-120F};
}

/// Scores of tile_places rows for a group: scores[place][lane].
HWY_NOINLINE void score_group(const float* const* rows, Index columns, const float* HWY_RESTRICT values,
                              const float* starts, float* HWY_RESTRICT scores) {
  const FloatTag d;
  FloatVector sums[tile_places][group_vectors];
#pragma GCC unroll 8
  for (int p = 0; p < tile_places; ++p) {
#pragma GCC unroll 16
    for (int v = 0; v < group_vectors; ++v) sums[p][v] = hn::Load(d, starts + v * vector_floats);
  }
  const float* row[tile_places];
#pragma GCC unroll 8
  for (int p = 0; p < tile_places; ++p) row[p] = rows[p];
  for (Index j = 0; j < columns; ++j) {
    FloatVector centroids[group_vectors];
#pragma GCC unroll 16
    for (int v = 0; v < group_vectors; ++v) centroids[v] = hn::Load(d, values + v * vector_floats);
#pragma GCC unroll 8
    for (int p = 0; p < tile_places; ++p) {
      const FloatVector x = hn::Set(d, row[p][j]);
#pragma GCC unroll 16
      for (int v = 0; v < group_vectors; ++v) sums[p][v] = hn::MulAdd(x, centroids[v], sums[p][v]);
    }
    values += group_centroids;
  }
#pragma GCC unroll 8
  for (int p = 0; p < tile_places; ++p) {
#pragma GCC unroll 16
    for (int v = 0; v < group_vectors; ++v) hn::Store(sums[p][v], d, scores + p * group_centroids + v * vector_floats);
  }
}

/// Listed rows whose scores are looked through together.
constexpr Index chunk_places = std::max<Index>(vector_floats, tile_places);

/// The highest score of each of `size` rows: lanes become rows.
HWY_INLINE void highest_of_each(const float* scores, Index size, float* HWY_RESTRICT best) {
#if HWY_TARGET == HWY_SCALAR
  for (Index p = 0; p < size; ++p) {
    best[p] = *std::max_element(scores + p * group_centroids, scores + (p + 1) * group_centroids);
  }
#else
  const FloatTag d;
  for (Index first = 0; first < size; first += vector_floats) {
    alignas(64) float columns[group_centroids * block_rows];
    transpose_rows({scores + first * group_centroids, vector_floats, group_centroids, group_centroids}, 0.0F, columns);
    FloatVector most = hn::Load(d, columns);
    for (Index c = 1; c < group_centroids; ++c) most = hn::Max(most, hn::Load(d, columns + c * block_rows));
    hn::Store(most, d, best + first);
  }
#endif
}

/// A search of one block.
class GroupedPass {
 public:
  GroupedPass(ConstMatrixView rows, const CentroidTable& table, const CentroidGroups& groups, const BoundLayout& layout,
              const GroupBounds& bounds)
      : rows_(rows),
        table_(table.packed()),
        groups_(groups),
        layout_(layout),
        bounds_(bounds),
        error_(table_.gap_bound(rows.columns)) {
    for (Index bound = 0; bound < layout.bounds(); ++bound) {
      double norm = 0;
      for (Index g = bound * layout.groups_per_bound;
           g < std::min((bound + 1) * layout.groups_per_bound, layout.groups); ++g)
        norm = std::max(norm, groups.largest_norm(g));
      errors_.push_back(CentroidTable::Packed::gap_bound(rows.columns, norm));
    }
    doubtful_.reserve(static_cast<std::size_t>(rows.rows));
  }

  /// Notes a row, unless its distance to its own centroid settles the matter: less than `least`, its bound for all
  /// others.
  void doubt(Index r, std::int32_t own, float least) {
    const float* row = rows_.row(r);
    const OwnProducts products = own_products(row, table_.centroids.row(std::max(own, 0)), rows_.columns);
    const float norm = std::sqrt(products.squares);
    const float gap = error_.base + error_.per_norm * norm;
    DoubtfulRow doubtful{row, r, products.squares, norm, gap, infinity, own, -infinity, -infinity};
    float& at_most = bounds_.own_at_most[static_cast<std::size_t>(r)];
    if (own >= 0) {
      doubtful.best = products.product + table_.starts.row(0)[own];
      doubtful.at_most = at_most = distances_of(doubtful, layout_.bound_of(groups_.place(own))).at_most(doubtful.best);
      if (at_most < least) {
        ++result.passed_over;
        return;
      }
    }
    doubtful_.push_back(doubtful);
  }

  /// Passes the rows that one bound leaves in doubt by its groups.
  void pass(Index bound) {
    listed_ = 0;
    const float* at_least = bounds_.others_at_least.data + bound;
    const auto doubtful = static_cast<Index>(doubtful_.size());
    for (Index i = 0; i < doubtful; ++i) {  // without a branch, which would be a coin's toss
      const DoubtfulRow& row = doubtful_[static_cast<std::size_t>(i)];
      list_[listed_] = static_cast<std::int32_t>(i);
      listed_ += at_least[row.row * bounds_.others_at_least.stride] > row.at_most ? 0 : 1;
    }
    if (listed_ == 0) return;
    std::fill_n(others_, listed_, -infinity);
    const Index end = std::min((bound + 1) * layout_.groups_per_bound, layout_.groups);
    for (Index group = bound * layout_.groups_per_bound; group < end; ++group) {
      for (Index first = 0; first < listed_; first += chunk_places) score(group, bound, first);
      result.scored += listed_;
    }
    for (Index i = 0; i < listed_; ++i) {
      const DoubtfulRow& row = listed(i);
      bounds_.others_at_least.row(row.row)[bound] = distances_of(row, bound).at_least(others_[i]);
    }
  }

  /// Puts the results back, and settles what float leaves open.
  void settle(std::span<std::int32_t> nearest) {
    for (DoubtfulRow& row : doubtful_) {
      const auto r = static_cast<std::size_t>(row.row);
      bounds_.own_at_most[r] = row.at_most;
      if (!(row.best - row.second > row.gap)) {
        decide_in_double(row);
        ++result.decided_twice;
      }
      nearest[r] = row.nearest;
    }
  }

  GroupedSearch result;

 private:
  /// Decides among the centroids that the bounds leave, as find_nearest does: those that are out are farther by more
  /// than double precision could mistake.
  void decide_in_double(DoubtfulRow& row) {
    const bool is_bounded = row.gap < infinity;  // else scores and bounds mean nothing
    float* at_least = bounds_.others_at_least.row(row.row);
    const Index left = is_bounded ? layout_.bound_of(groups_.place(row.nearest)) : -1;
    double least = std::numeric_limits<double>::infinity();
    std::int32_t nearest = 0;
    for (Index group = 0; group < layout_.groups; ++group) {
      const Index bound = group / layout_.groups_per_bound;
      if (is_bounded && bound != left && at_least[bound] > row.at_most) continue;
      double distances[group_centroids];
      distances_to(DenseRow{row.values, rows_.columns}, groups_.values(group), group_centroids, distances);
      for (Index lane = 0; lane < groups_.size(group); ++lane) {
        const std::int32_t centroid = groups_.centroid_at(group * group_centroids + lane);
        if (distances[lane] > least || (distances[lane] == least && centroid > nearest)) continue;
        least = distances[lane];
        nearest = centroid;
      }
    }
    if (is_bounded && nearest == row.nearest) return;
    row.nearest = nearest;
    // Another one than the scores had, so that nothing is known of its own score.
    bounds_.own_at_most[static_cast<std::size_t>(row.row)] = infinity;
    if (is_bounded) {
      at_least[left] = std::min(at_least[left], distances_of(row, left).at_least(row.best));
    } else {
      std::fill_n(at_least, layout_.bounds(), 0.0F);
    }
  }

  /// Of a row to a bound's centroids.
  [[nodiscard]] ScoreBounds distances_of(const DoubtfulRow& row, Index bound) const {
    const CentroidTable::Packed::ErrorBound& error = errors_[static_cast<std::size_t>(bound)];
    return {row.squares, error.base + error.per_norm * row.norm, rows_.columns};
  }

  [[nodiscard]] DoubtfulRow& listed(Index i) { return doubtful_[static_cast<std::size_t>(list_[i])]; }

  /// Up to chunk_places listed rows from `first` on, past one group.
  void score(Index group, Index bound, Index first) {
    alignas(64) float scores[chunk_places * group_centroids] = {};
    alignas(64) float best[chunk_places];
    const Index size = std::min(chunk_places, listed_ - first);
    for (Index tile = 0; tile < size; tile += tile_places) {
      const float* rows[tile_places];
      for (Index p = 0; p < tile_places; ++p) rows[p] = listed(first + std::min(tile + p, size - 1)).values;
      score_group(rows, rows_.columns, groups_.values(group), groups_.starts(group), scores + tile * group_centroids);
    }
    for (Index p = 0; p < size; ++p) {
      const Index lane = own_place(listed(first + p)) - group * group_centroids;
      if (lane >= 0 && lane < group_centroids) scores[p * group_centroids + lane] = -infinity;
    }
    highest_of_each(scores, size, best);
    for (Index p = 0; p < size; ++p) {
      DoubtfulRow& row = listed(first + p);
      if (best[p] > row.best) {
        take(group, bound, scores + p * group_centroids, row, others_[first + p]);
      } else {
        others_[first + p] = std::max(others_[first + p], best[p]);
        row.second = std::max(row.second, best[p]);
      }
    }
  }

  [[nodiscard]] Index own_place(const DoubtfulRow& row) const {
    return row.nearest >= 0 ? groups_.place(row.nearest) : -1;
  }

  /// A row goes over to the best centroid of a group, where its own has no score. `others`: the highest score of the
  /// bound's groups but that of the row's nearest.
  void take(Index group, Index bound, float* scores, DoubtfulRow& row, float& others) {
    const Index left = own_place(row);
    if (left >= 0 && layout_.bound_of(left) == bound) {
      others = std::max(others, row.best);
    } else if (left >= 0) {
      float& at_least = bounds_.others_at_least.row(row.row)[layout_.bound_of(left)];
      at_least = std::min(at_least, distances_of(row, layout_.bound_of(left)).at_least(row.best));
    }
    float* best = std::max_element(scores, scores + group_centroids);
    row.second = row.best;
    row.best = *best;
    row.nearest = groups_.centroid_at(group * group_centroids + (best - scores));
    row.at_most = distances_of(row, bound).at_most(row.best);
    *best = -infinity;
    const float next = *std::max_element(scores, scores + group_centroids);
    others = std::max(others, next);
    row.second = std::max(row.second, next);
  }

  ConstMatrixView rows_;
  const CentroidTable::Packed& table_;
  const CentroidGroups& groups_;
  BoundLayout layout_;
  GroupBounds bounds_;
  CentroidTable::Packed::ErrorBound error_;                ///< for any two centroids
  std::vector<CentroidTable::Packed::ErrorBound> errors_;  ///< for each bound's
  std::vector<DoubtfulRow> doubtful_;
  Index listed_ = 0;
  std::int32_t list_[max_search_rows + 1];  ///< doubtful rows that go past the groups of a bound
  float others_[max_search_rows];           ///< of the listed rows
};

GroupedSearch grouped_nearest(ConstMatrixView rows, const CentroidTable& table, const CentroidGroups& groups,
                              const BoundLayout& layout, const GroupShifts& shifts, const GroupBounds& bounds,
                              std::span<std::int32_t> nearest) {
  constexpr float up = 1 + 0x1p-20F;
  GroupedPass search(rows, table, groups, layout, bounds);
  // 1. Which rows may leave their centroids?
  for (Index r = 0; r < rows.rows; ++r) {
    const auto at = static_cast<std::size_t>(r);
    const float least = follow(shifts, bounds.others_at_least.row(r));
    float& at_most = bounds.own_at_most[at];
    if (nearest[at] >= 0) at_most = (at_most + shifts.own[static_cast<std::size_t>(nearest[at])]) * up;
    if (nearest[at] >= 0 && at_most < least) {
      ++search.result.passed_over;
      continue;
    }
    search.doubt(r, nearest[at], least);
  }
  // 2. These go past the groups that their bounds do not rule out.
  for (Index bound = 0; bound < layout.bounds(); ++bound) search.pass(bound);
  // 3. Near ties are decided in double.
  search.settle(nearest);
  return search.result;
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(grouped_nearest);

GroupedSearch find_nearest(ConstMatrixView rows, const CentroidTable& table, const CentroidGroups& groups,
                           const BoundLayout& layout, const GroupShifts& shifts, const GroupBounds& bounds,
                           std::span<std::int32_t> nearest) {
  return HWY_DYNAMIC_DISPATCH(grouped_nearest)(rows, table, groups, layout, shifts, bounds, nearest);
}

}  // namespace rankwise::kernels
#endif
