#include "distributed/kmeans/hamerly_search.hpp"

#include <algorithm>
#include <limits>

#include "distributed/kmeans/point_rows.hpp"

namespace rankwise {

HamerlySearch::HamerlySearch(const Points& points)
    : rows_(std::get<Matrix>(points.rows)),
      own_at_most_(static_cast<std::size_t>(points.mine.size()), std::numeric_limits<float>::infinity()),
      others_at_least_(own_at_most_.size(), 0.0F) {}

void HamerlySearch::aim_at(ConstMatrixView centroids) {
  if (table_) {
    shifts_ = centroid_shifts(table_->centroids(), centroids);
  } else {
    shifts_.assign(static_cast<std::size_t>(centroids.rows), 0.0F);
  }
  table_.emplace(centroids);
  farthest_ = static_cast<std::int32_t>(std::ranges::max_element(shifts_) - shifts_.begin());
  farthest_of_others_ = 0;
  for (std::size_t k = 0; k < shifts_.size(); ++k) {
    if (static_cast<std::int32_t>(k) != farthest_) farthest_of_others_ = std::max(farthest_of_others_, shifts_[k]);
  }
}

bool HamerlySearch::follow(Index row, std::int32_t own) {
  constexpr float up = 1 + 0x1p-20F;
  constexpr float down = 1 - 0x1p-20F;
  float& near = own_at_most_[static_cast<std::size_t>(row)];
  float& far = others_at_least_[static_cast<std::size_t>(row)];
  const float most_of_others = own == farthest_ ? farthest_of_others_ : shifts_[static_cast<std::size_t>(farthest_)];
  near = (near + shifts_[static_cast<std::size_t>(own)]) * up;
  far = (far - most_of_others) * (far > 0 ? down : up);
  return near < far;
}

SearchCounts HamerlySearch::find(RowRange rows, std::span<std::int32_t> nearest) {
  // 1. Which rows may leave their clusters?
  Index doubtful[point_block];
  Index count = 0;
  for (Index r = 0; r < rows.size(); ++r) {
    const std::int32_t own = nearest[static_cast<std::size_t>(r)];
    if (own >= 0 && follow(rows.begin + r, own)) continue;
    doubtful[count++] = r;
  }
  if (count == 0) return {rows.size(), 0, 0};
  // 2. Nearly all: a copy is not worth its while.
  const kernels::DistanceBounds whole = bounds_of(rows);
  if (count > rows.size() / 8 * 7) {
    const ConstMatrixView block = rows_.view().middle_rows(rows.begin, rows.size());
    return {rows.size() - count, kernels::find_nearest(block, *table_, nearest, whole), count * table_->count()};
  }
  // 3. Some: gathered, found, put back; few at a time, which stay in the cache.
  constexpr Index piece_rows = 144;
  Matrix gathered(std::min(count, piece_rows), rows_.columns());
  std::int32_t found[piece_rows];
  float near[piece_rows];
  float far[piece_rows];
  Index decided_twice = 0;
  for (Index first = 0; first < count; first += piece_rows) {
    const std::span<const Index> piece(doubtful + first, static_cast<std::size_t>(std::min(piece_rows, count - first)));
    for (std::size_t i = 0; i < piece.size(); ++i) {
      std::copy_n(rows_.row(rows.begin + piece[i]), rows_.stride(), gathered.row(static_cast<Index>(i)));
    }
    decided_twice += kernels::find_nearest(gathered.view().middle_rows(0, static_cast<Index>(piece.size())), *table_,
                                           {found, piece.size()}, {{near, piece.size()}, {far, piece.size()}});
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const auto row = static_cast<std::size_t>(piece[i]);
      nearest[row] = found[i];
      whole.nearest_at_most[row] = near[i];
      whole.others_at_least[row] = far[i];
    }
  }
  return {rows.size() - count, decided_twice, count * table_->count()};
}

void HamerlySearch::forget(Index row) {
  own_at_most_[static_cast<std::size_t>(row)] = std::numeric_limits<float>::infinity();
  others_at_least_[static_cast<std::size_t>(row)] = 0.0F;
}

kernels::DistanceBounds HamerlySearch::bounds_of(RowRange rows) {
  const auto begin = static_cast<std::size_t>(rows.begin);
  const auto size = static_cast<std::size_t>(rows.size());
  return {std::span(own_at_most_).subspan(begin, size), std::span(others_at_least_).subspan(begin, size)};
}

}  // namespace rankwise
