#pragma once
// Whether clusters would be found again in another sample of the same rows.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/lloyd.hpp"
#include "distributed/kmeans/points.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct ClusterBootstrap {
  Index replicates = 0;
  std::uint64_t seed = 0;
};

/// Of each cluster the mean over replicates of the Jaccard similarity to the cluster of the replicate that is most
/// similar: the share that both have of the rows that one of them has (Hennig, "Cluster-wise assessment of cluster
/// stability", 2007). In a replicate a row counts as often as a Poisson number with mean 1 says, clusters are found
/// afresh by k-means++ and Lloyd's iterations, and all rows are assigned to them. NaN of a cluster without rows, and if
/// no replicate has as many rows as clusters. `assignments` are of this rank's rows, below `clusters`; points are as
/// lloyd() wants them. Order-free. Collective over comm.
[[nodiscard]] std::vector<double> bootstrap_stability(const Communicator& comm, const Points& points,
                                                      std::span<const std::int32_t> assignments, Index clusters,
                                                      const ClusterBootstrap& bootstrap, const KMeansOptions& options);

}  // namespace rankwise
