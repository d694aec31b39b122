#pragma once
// How Lloyd's iterations find nearest centroids: each way finds the same ones.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/kmeans/points.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// Ways to search: all distances; one bound per row for all other centroids (Hamerly, "Making k-means even faster", SDM
/// 2010); bounds for groups of centroids (Ding et al., "Yinyang K-means", ICML 2015).
enum class SearchKind { plain, hamerly, yinyang };

struct SearchCounts {
  Index passed_over = 0;    ///< rows whose bounds left no doubt
  Index decided_twice = 0;  ///< rows too close to call in float
  Index scored = 0;         ///< pairs of a row and a centroid whose score was computed
};

/// The search for the nearest centroids of this rank's rows. Local; threads may search disjoint rows at once.
class NearestSearch {
 public:
  NearestSearch() = default;
  NearestSearch(const NearestSearch&) = delete;
  NearestSearch& operator=(const NearestSearch&) = delete;
  virtual ~NearestSearch() = default;
  /// The centroids of the searches to come.
  virtual void aim_at(ConstMatrixView centroids) = 0;
  /// nearest[r], on entry the cluster of local row rows.begin + r (-1: none), becomes its nearest centroid, ties to the
  /// lowest.
  [[nodiscard]] virtual SearchCounts find(RowRange rows, std::span<std::int32_t> nearest) = 0;
  /// Nothing is known of the row any more: it was put into another cluster.
  virtual void forget(Index row) = 0;
};

/// Distances between each centroid before and after, rounded up: what bounds of distances have to follow.
[[nodiscard]] std::vector<float> centroid_shifts(ConstMatrixView before, ConstMatrixView after);

}  // namespace rankwise
