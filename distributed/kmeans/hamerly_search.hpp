#pragma once
// Two bounds per row: of the distance to its own centroid, and to all others.

#include <optional>
#include <vector>

#include "distributed/kmeans/nearest_search.hpp"
#include "kernels/kmeans/nearest_centroid.hpp"

namespace rankwise {

class HamerlySearch : public NearestSearch {
 public:
  explicit HamerlySearch(const Points& points);
  void aim_at(ConstMatrixView centroids) override;
  [[nodiscard]] SearchCounts find(RowRange rows, std::span<std::int32_t> nearest) override;
  void forget(Index row) override;

 private:
  /// Lets the row's bounds follow its centroids. Whether it provably stays: its own centroid is nearer than any other,
  /// not just as near.
  [[nodiscard]] bool follow(Index row, std::int32_t own);
  [[nodiscard]] kernels::DistanceBounds bounds_of(RowRange rows);

  const Matrix& rows_;
  std::optional<kernels::CentroidTable> table_;
  std::vector<float> shifts_;
  std::int32_t farthest_ = 0;     ///< the centroid that moved most
  float farthest_of_others_ = 0;  ///< the most that any other moved
  std::vector<float> own_at_most_;
  std::vector<float> others_at_least_;
};

}  // namespace rankwise
