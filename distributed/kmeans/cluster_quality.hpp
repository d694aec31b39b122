#pragma once
// How good a clustering is, and how alike two are.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/points.hpp"

namespace rankwise {

/// Indices of a clustering by its clusters' means, in squared or plain Euclidean distances. NaN where an index is not
/// defined: fewer than two clusters with rows, or as many clusters as rows. Weights count as repetitions.
struct ClusterQuality {
  double davies_bouldin = 0;         ///< Davies and Bouldin, PAMI 1979; lower is better
  double calinski_harabasz = 0;      ///< Calinski and Harabasz, 1974; higher is better
  double simplified_silhouette = 0;  ///< distances to means in place of distances to rows (Hruschka et al., 2004)
  double silhouette =
      0;  ///< Rousseeuw 1987, of squared distances to all rows: exact, from the clusters' sums, in n K d
};

/// What a number of clusters gave.
struct ClusterTableRow {
  Index clusters = 0;
  double inertia = 0;
  ClusterQuality quality;
  double stability = 0;  ///< NaN where it was not found
  Index iterations = 0;
  Index smallest = 0;  ///< rows of the smallest cluster
  Index largest = 0;
};

/// `assignments` of this rank's rows are clusters below `clusters`. Collective over comm; order-free.
[[nodiscard]] ClusterQuality assess_clusters(const Communicator& comm, const Points& points,
                                             std::span<const std::int32_t> assignments, Index clusters);

/// Of each of this rank's rows, from -1 (it belongs elsewhere) to 1. Both empty where assess_clusters has no
/// silhouette.
struct RowSilhouettes {
  std::vector<double> simplified;  ///< (b - a) / max(a, b): a and b are distances to the own mean and the nearest other
  std::vector<double> exact;       ///< likewise of mean squared distances to all other rows of the cluster, and of
                                   ///< another one
};

/// The terms of which assess_clusters gives the means. Likewise.
[[nodiscard]] RowSilhouettes row_silhouettes(const Communicator& comm, const Points& points,
                                             std::span<const std::int32_t> assignments, Index clusters);

/// Adjusted Rand index (Hubert and Arabie, 1985) of two clusterings of the same rows: 1 where they agree, about 0 where
/// they are unrelated. Collective over comm.
[[nodiscard]] double adjusted_rand_index(const Communicator& comm, std::span<const std::int32_t> a, Index a_clusters,
                                         std::span<const std::int32_t> b, Index b_clusters);

}  // namespace rankwise
