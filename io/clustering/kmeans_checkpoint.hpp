#pragma once
// The state of a run that finds clusters, as a file: what another run, on any number of ranks, needs to go on to the
// same bits. It holds no value per row: assignments follow from centroids.
//
//   /tried/clusters, iterations, smallest, largest (int64), inertia, davies-bouldin, calinski-harabasz,
//   simplified-silhouette, silhouette, stability (float64)      one value per number of clusters that was tried
//   /training/centroids (K x d float32)                         of the training that is under way, where one is
//     Lloyd's iterations: /training/assigned-to (K x d float32)  the centroids before they last moved
//                         /training/relocations/rows, clusters (int64)  /training/history/inertia, moved
//     mini-batches:       /training/taken (float64)             weight that each centroid took
//   MODEL/centroids, MODEL/history/inertia, MODEL/history/moved; attribute `converged`     of trainings that are over:
//     /best         of the restarts so far
//     /present      of all rows, while the folds of the same number of clusters are trained
//     /recommended  of the numbers of clusters so far
//     /folds/0, /folds/1, ...
//   /before/centroids                                           where the next training of all rows begins, if given
//
// Attributes of the root: Provenance (kind "kmeans-checkpoint"), `steps` (seedings, iterations and mini-batches so
// far), `restart` (from 0), `folds` (how many are trained), `training` ("none", "lloyd", "mini-batches").

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "distributed/kmeans/cluster_quality.hpp"
#include "distributed/kmeans/lloyd.hpp"
#include "distributed/kmeans/mini_batch.hpp"
#include "io/dataset/provenance.hpp"
#include "io/model/verified_checkpoint.hpp"

namespace rankwise {

inline const std::string kmeans_checkpoint_kind = "kmeans-checkpoint";

/// Where a run stands: the same on every rank, but for assignments and distances. Of the results of trainings a
/// checkpoint holds centroids, history and whether they converged, from which assign_rows() has the rest.
struct KMeansProgress {
  Index steps = 0;  ///< seedings, iterations and mini-batches of all trainings so far
  /// Numbers of clusters so far, the last of them without its stability while `present` stands.
  std::vector<ClusterTableRow> tried;
  Matrix before;                            ///< where the next training of all rows begins; no rows: at its own seeds
  std::optional<KMeansResult> recommended;  ///< of the numbers of clusters so far
  std::optional<KMeansResult> present;      ///< of all rows, while folds are trained
  std::vector<KMeansResult> folds;          ///< trained so far, for `present`
  Index restart = 0;                        ///< of the training that is under way
  std::optional<KMeansResult> best;         ///< of its restarts so far
  std::variant<std::monostate, LloydState, MiniBatchState> training;  ///< of this restart, once it has seeds
};

/// Writes a checkpoint and commits it; the same bytes for any number of ranks. Collective over comm; throws AgreedError
/// (cannot_create, io_error).
void write_kmeans_checkpoint(const Communicator& comm, const std::string& path, const KMeansProgress& progress,
                             const Provenance& provenance, int deflate_level = 0);

/// Reads a checkpoint of rows of `dimensions` dimensions. What it holds is checked to be finite and to fit. Collective
/// over comm; throws DamagedCheckpoint, or AgreedError(no_input).
[[nodiscard]] KMeansProgress read_kmeans_checkpoint(const Communicator& comm, const std::string& path,
                                                    Index dimensions);

}  // namespace rankwise
