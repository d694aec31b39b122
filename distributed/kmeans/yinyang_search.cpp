#include "distributed/kmeans/yinyang_search.hpp"

#include <algorithm>
#include <limits>

#include "distributed/kmeans/point_rows.hpp"

namespace rankwise {

static_assert(point_block <= kernels::max_search_rows);

namespace {

constexpr Index float_bytes = sizeof(float);

kernels::BoundLayout lay_out(Index centroids, Index bound_bytes_per_row) {
  const Index groups = (centroids + kernels::group_centroids - 1) / kernels::group_centroids;
  // Bounds come in whole lines beside the one of the row's own centroid.
  const Index room = std::max<Index>((bound_bytes_per_row / float_bytes - 1) / line_floats, 1) * line_floats;
  return {groups, (groups + room - 1) / room};
}

}  // namespace

Index YinyangSearch::least_bytes() {
  return float_bytes * (1 + line_floats);
}

YinyangSearch::YinyangSearch(const Points& points, ConstMatrixView centroids, Index bound_bytes_per_row)
    : rows_(std::get<Matrix>(points.rows)),
      order_(kernels::order_by_nearness(centroids)),
      layout_(lay_out(centroids.rows, bound_bytes_per_row)),
      own_at_most_(static_cast<std::size_t>(points.mine.size()), std::numeric_limits<float>::infinity()),
      others_at_least_(points.mine.size(), padded_columns(layout_.bounds())) {
  for (Index r = 0; r < others_at_least_.rows(); ++r) {
    std::fill(others_at_least_.row(r) + layout_.bounds(), others_at_least_.row(r) + others_at_least_.stride(),
              std::numeric_limits<float>::infinity());
  }
}

void YinyangSearch::aim_at(ConstMatrixView centroids) {
  if (table_) {
    shifts_.own = centroid_shifts(table_->centroids(), centroids);
  } else {
    shifts_.own.assign(static_cast<std::size_t>(centroids.rows), 0.0F);
  }
  table_.emplace(centroids);
  groups_.emplace(centroids, order_);
  shifts_.farthest.assign(static_cast<std::size_t>(others_at_least_.stride()), 0.0F);
  for (std::int32_t k = 0; k < centroids.rows; ++k) {
    float& farthest = shifts_.farthest[static_cast<std::size_t>(layout_.bound_of(groups_->place(k)))];
    farthest = std::max(farthest, shifts_.own[static_cast<std::size_t>(k)]);
  }
}

SearchCounts YinyangSearch::find(RowRange rows, std::span<std::int32_t> nearest) {
  const kernels::GroupBounds bounds{
      std::span(own_at_most_).subspan(static_cast<std::size_t>(rows.begin), static_cast<std::size_t>(rows.size())),
      others_at_least_.view().middle_rows(rows.begin, rows.size())};
  const kernels::GroupedSearch search = kernels::find_nearest(rows_.view().middle_rows(rows.begin, rows.size()),
                                                              *table_, *groups_, layout_, shifts_, bounds, nearest);
  return {search.passed_over, search.decided_twice, search.scored * kernels::group_centroids};
}

void YinyangSearch::forget(Index row) {
  own_at_most_[static_cast<std::size_t>(row)] = std::numeric_limits<float>::infinity();
  std::fill_n(others_at_least_.row(row), layout_.bounds(), 0.0F);
}

}  // namespace rankwise
