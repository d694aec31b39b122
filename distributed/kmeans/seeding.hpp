#pragma once
// Where K-means begins. Every draw is a pure function of the seed and the global row, so that the centroids are the
// same for any number of ranks and threads.

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/points.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/philox.hpp"

namespace rankwise {

/// `clusters` different rows, drawn without replacement in proportion to their weights. Collective over comm; needs
/// clusters <= points.count, as all of these do.
[[nodiscard]] Matrix seed_randomly(const Communicator& comm, const Points& points, Index clusters,
                                   const RandomStream& random);

/// k-means++ (Arthur and Vassilvitskii, SODA 2007): `trials` rows are drawn in proportion to their weight times their
/// squared distance to the nearest centroid so far, and the one that lowers the sum of these most becomes the next
/// centroid. Exact: nothing is sampled or gathered. When all rows lie on centroids, the rest are drawn by weight.
/// Collective over comm.
[[nodiscard]] Matrix seed_plus_plus(const Communicator& comm, const Points& points, Index clusters, Index trials,
                                    const RandomStream& random);

/// `given` centroids and as many more by k-means++ as make `clusters`. Collective over comm.
[[nodiscard]] Matrix add_plus_plus(const Communicator& comm, const Points& points, const Matrix& given, Index clusters,
                                   Index trials, const RandomStream& random);

/// 2 + log K trials, which Arthur and Vassilvitskii found to do better than one.
[[nodiscard]] Index greedy_trials(Index clusters);

struct ParallelSeeding {
  double oversampling = 2;  ///< rows drawn per round on average, in units of the clusters
  Index rounds = 5;
};

/// k-means|| (Bahmani, Moseley, Vattani, Kumar and Vassilvitskii, VLDB 2012): rounds that draw many rows at once, then
/// k-means++ and a few of Lloyd's iterations over the drawn rows, each weighing as much as the rows nearest to it.
/// Collective over comm.
[[nodiscard]] Matrix seed_in_parallel(const Communicator& comm, const Points& points, Index clusters,
                                      const ParallelSeeding& options, const RandomStream& random);

}  // namespace rankwise
