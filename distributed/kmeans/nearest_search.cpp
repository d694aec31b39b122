#include "distributed/kmeans/nearest_search.hpp"

#include <optional>

#include "distributed/kmeans/hamerly_search.hpp"
#include "distributed/kmeans/point_rows.hpp"
#include "distributed/kmeans/yinyang_search.hpp"

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

}  // namespace

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

}  // namespace rankwise
