#pragma once
// A bound per row and group of centroids, which rules out the whole group.

#include <optional>
#include <vector>

#include "distributed/kmeans/nearest_search.hpp"
#include "kernels/kmeans/grouped_search.hpp"
#include "kernels/kmeans/nearest_centroid.hpp"

namespace rankwise {

class YinyangSearch : public NearestSearch {
 public:
  /// Groups are those of `centroids`, and stay. As many bounds as `bound_bytes_per_row` has room for, at most one per
  /// group.
  YinyangSearch(const Points& points, ConstMatrixView centroids, Index bound_bytes_per_row);
  void aim_at(ConstMatrixView centroids) override;
  [[nodiscard]] SearchCounts find(RowRange rows, std::span<std::int32_t> nearest) override;
  void forget(Index row) override;

  /// Bytes of bounds per row with one bound.
  [[nodiscard]] static Index least_bytes();

 private:
  const Matrix& rows_;
  std::vector<std::int32_t> order_;
  kernels::BoundLayout layout_;
  std::optional<kernels::CentroidTable> table_;
  std::optional<kernels::CentroidGroups> groups_;
  kernels::GroupShifts shifts_;
  std::vector<float> own_at_most_;
  Matrix others_at_least_;
};

}  // namespace rankwise
