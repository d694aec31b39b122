#include "distributed/kmeans/search_choice.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>

#include "distributed/kmeans/hamerly_search.hpp"
#include "distributed/kmeans/point_rows.hpp"
#include "distributed/kmeans/yinyang_search.hpp"
#include "kernels/kmeans/centroid_groups.hpp"

namespace rankwise {

namespace {

/// All distances of all rows.
class PlainSearch : public NearestSearch {
 public:
  explicit PlainSearch(const Points& points) : points_(points) {}
  void aim_at(ConstMatrixView centroids) override { table_.emplace(centroids); }
  [[nodiscard]] SearchCounts find(RowRange rows, std::span<std::int32_t> nearest) override {
    return {0, find_nearest(points_, rows, *table_, nearest), rows.size() * table_->count()};
  }
  void forget(Index /*row*/) override {}

 private:
  const Points& points_;
  std::optional<kernels::CentroidTable> table_;
};

/// Bytes of bounds per row that a search of this kind takes at least.
Index least_bound_bytes(SearchKind kind) {
  switch (kind) {
    case SearchKind::hamerly:
      return 2 * static_cast<Index>(sizeof(float));
    case SearchKind::yinyang:
      return YinyangSearch::least_bytes();
    default:
      return 0;
  }
}

/// `points` outlive the search, whose groups are those of `centroids`. Bounds take at most `bound_bytes_per_row`, which
/// is at least what the kind needs; dense rows only, but for SearchKind::plain.
std::unique_ptr<NearestSearch> make_search(SearchKind kind, const Points& points, ConstMatrixView centroids,
                                           Index bound_bytes_per_row) {
  switch (kind) {
    case SearchKind::hamerly:
      return std::make_unique<HamerlySearch>(points);
    case SearchKind::yinyang:
      return std::make_unique<YinyangSearch>(points, centroids, bound_bytes_per_row);
    default:
      return std::make_unique<PlainSearch>(points);
  }
}

/// One bound for all others is soon too low where there are many of them; for few, there are no groups to speak of.
constexpr Index most_hamerly_clusters = 128;
constexpr Index least_yinyang_clusters = 33;
/// Searches change where this share of the time is saved: the first search with bounds scores everything.
constexpr double worthwhile = 0.85;

/// One row in so many scouts: a few thousand are enough to count on, and 2% of the rows cost little.
Index scouting_distance(Index rows) {
  return std::clamp<Index>(rows / 4096, 64, 256);
}

}  // namespace

// From whole iterations of one Zen 4 core (docs/PERFORMANCE.md): scores run at 107 GFLOP/s, and by groups a third
// slower.
double search_nanoseconds(SearchKind kind, double scored, Index clusters, Index dimensions) {
  const auto d = static_cast<double>(dimensions);
  const double reading = 3 + 0.07 * d;
  const double score = 0.1 + 2 * d / 107;
  switch (kind) {
    case SearchKind::hamerly:
      return 6 + (scored / static_cast<double>(clusters)) * (6 * reading) + scored * score;  // rows here and there
    case SearchKind::yinyang: {
      const double groups = std::ceil(static_cast<double>(clusters) / static_cast<double>(kernels::group_centroids));
      return 14 + 0.4 * groups + 0.05 * d + scored * (0.55 + 2 * d / 107);
    }
    default:
      return reading + scored * score;
  }
}

SearchChoice::SearchChoice(const Communicator& comm, const PruningOptions& options, const Points& points,
                           Index clusters)
    : comm_(comm), options_(options), points_(points), clusters_(clusters) {
  const auto has_room = [&](SearchKind kind) { return least_bound_bytes(kind) <= options.bound_bytes_per_row; };
  if (points.is_sparse() || options.pruning == Pruning::off) return;
  if (options.pruning == Pruning::hamerly && has_room(SearchKind::hamerly)) kind_ = SearchKind::hamerly;
  if (options.pruning == Pruning::yinyang && has_room(SearchKind::yinyang)) kind_ = SearchKind::yinyang;
  if (options.pruning != Pruning::automatic || clusters < 2) return;
  for (const SearchKind kind : {SearchKind::hamerly, SearchKind::yinyang}) {
    const bool is_promising =
        kind == SearchKind::hamerly ? clusters <= most_hamerly_clusters : clusters >= least_yinyang_clusters;
    if (is_promising && has_room(kind)) scouts_.push_back({kind, nullptr, {}});
  }
  if (!scouts_.empty()) enlist();
}

/// Scouts lie evenly among all rows, wherever these are.
void SearchChoice::enlist() {
  const Index distance = scouting_distance(points_.count);
  std::vector<Index> rows;
  for (Index r = 0; r < points_.mine.size(); ++r) {
    if ((points_.mine.begin + r) % distance == 0) rows.push_back(r);
  }
  scouting_points_ = select_rows(comm_, points_, rows);
  for (Scout& scout : scouts_) scout.nearest.assign(rows.size(), -1);
}

NearestSearch& SearchChoice::aim_at(ConstMatrixView centroids) {
  if (!search_) search_ = make_search(kind_, points_, centroids, options_.bound_bytes_per_row);
  search_->aim_at(centroids);
  for (Scout& scout : scouts_) {
    if (!scout.search) {
      scout.search = make_search(scout.kind, scouting_points_, centroids, options_.bound_bytes_per_row);
    }
    scout.search->aim_at(centroids);
  }
  return *search_;
}

void SearchChoice::scout() {
  if (scouts_.empty()) return;
  // 1. How many scores do the scouts need?
  std::vector<Index> scored;
  for (Scout& scout : scouts_) {
    std::atomic<Index> count = 0;
    const double operations = row_terms(scouting_points_) * static_cast<double>(clusters_);
    for_each_point_block(scouting_points_, operations, [&](RowRange rows) {
      count +=
          scout.search
              ->find(rows, std::span(scout.nearest)
                               .subspan(static_cast<std::size_t>(rows.begin), static_cast<std::size_t>(rows.size())))
              .scored;
    });
    scored.push_back(count.load());
  }
  comm_.all_reduce_sum(std::span<Index>(scored));
  // 2. Which search would take the least time for that?
  SearchKind best = kind_;
  const auto dimensions = points_.dimensions;
  double least =
      worthwhile * search_nanoseconds(SearchKind::plain, static_cast<double>(clusters_), clusters_, dimensions);
  for (std::size_t s = 0; s < scouts_.size(); ++s) {
    const double per_row = static_cast<double>(scored[s]) / static_cast<double>(scouting_points_.count);
    const double nanoseconds = search_nanoseconds(scouts_[s].kind, per_row, clusters_, dimensions);
    if (nanoseconds >= least) continue;
    least = nanoseconds;
    best = scouts_[s].kind;
  }
  if (best == SearchKind::plain) return;
  // 3. All rows get these bounds, and the scouts go home.
  kind_ = best;
  search_.reset();
  scouts_.clear();
  scouting_points_ = {};
}

}  // namespace rankwise
