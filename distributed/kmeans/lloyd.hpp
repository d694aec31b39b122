#pragma once
// K-means by Lloyd's iterations (Lloyd, "Least squares quantization in PCM", 1982), distributed over rows: the same
// bits for any number of ranks and threads.

#include <cstdint>
#include <functional>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/nearest_search.hpp"
#include "distributed/kmeans/points.hpp"
#include "distributed/kmeans/search_choice.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// cosine: rows and centroids have length one (spherical K-means, Dhillon and Modha, 2001). A distance then is 1 -
/// cosine, half of the squared Euclidean one.
enum class DistanceMetric { euclidean, cosine };

struct KMeansOptions {
  DistanceMetric metric = DistanceMetric::euclidean;
  Index max_iterations = 300;
  /// Converged when the squared shifts of all centroids add up to at most this times the mean variance of a dimension.
  double tolerance = 1e-4;
  PruningOptions pruning;
};

/// One iteration: rows assigned, then centroids moved.
struct LloydIteration {
  double inertia = 0;  ///< weighted squared distances of the rows to the centroids before they moved
  Index moved = 0;     ///< rows that changed their cluster
  SearchKind search = SearchKind::plain;
  Index pruned = 0;          ///< rows passed over
  double scored = 0;         ///< share of all pairs of a row and a centroid whose score was computed
  Index decided_twice = 0;   ///< rows too close to call in float
  Index relocated = 0;       ///< empty clusters that got a far row for their centroid
  double squared_shift = 0;  ///< of all centroids
  double seconds = 0;
};

/// A row that an empty cluster took for its centroid.
struct Relocation {
  Index row = 0;  ///< global
  std::int32_t cluster = 0;
};

/// Where Lloyd's iterations stand between two of them, the same on every rank. Assignments follow from it: they are the
/// centroids of `assigned_to` that are nearest, but for the rows relocated.
struct LloydState {
  Matrix centroids = {};                     ///< K x dimensions
  Matrix assigned_to = {};                   ///< the centroids before they last moved; none before the first iteration
  std::vector<Relocation> relocations = {};  ///< of the last iteration
  std::vector<LloydIteration> history = {};  ///< of the iterations so far
  double least_squared_shift = 0;            ///< of which less is no progress
  bool converged = false;
};

/// Assignments and distances are those of this rank's rows; all else is the same on every rank.
struct KMeansResult {
  Matrix centroids;
  std::vector<std::int32_t> assignments;  ///< nearest centroid, ties to the lowest
  std::vector<float> distances;           ///< to that centroid: Euclidean, or 1 - cosine
  std::vector<Index> sizes;               ///< rows per cluster
  std::vector<double> weights;            ///< their weights per cluster
  double inertia = 0;                     ///< weighted squared distances, each from differences; cosine: 1 - cosine
  std::vector<LloydIteration> history;
  bool converged = false;
};

/// Iterates from `state`, which at first is nothing but centroids (K >= 1), until it converges; then assigns once more,
/// so that centroids, assignments, distances and inertia agree. An empty cluster takes the row that is farthest from
/// its centroid (ties to the lowest row); it keeps its centroid where all rows lie on theirs. With
/// DistanceMetric::cosine `points` and centroids have been normalized (normalize_rows). After each iteration, which
/// `state` then includes, `tell` hears of it; it may end the run by an error that all ranks throw alike. The same call
/// with the state that was left gives the same bits as a run that was not ended, whatever the ranks, for one assignment
/// more. At the end the state has handed its centroids and history to the result. Collective over comm; no error that
/// data can cause.
[[nodiscard]] KMeansResult lloyd(const Communicator& comm, const Points& points, LloydState& state,
                                 const KMeansOptions& options, const std::function<void(const LloydIteration&)>& tell);

/// Nearest centroids and distances of all rows, the centroids being left as they are. Collective over comm.
[[nodiscard]] KMeansResult assign_rows(const Communicator& comm, const Points& points, Matrix centroids,
                                       DistanceMetric metric);

/// Bytes that seeding and lloyd() take on this rank, the points included, bounds not.
[[nodiscard]] Index kmeans_bytes(const Points& points, Index clusters, int threads);

/// Floating-point operations of one assignment without pruning: 2 n K d, n being this rank's rows or, where they are
/// sparse, 2 entries K.
[[nodiscard]] double assignment_flops(const Points& points, Index clusters);

}  // namespace rankwise
