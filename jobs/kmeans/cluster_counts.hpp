#pragma once
// How many clusters: each number that is asked for is tried.

#include "distributed/kmeans/points.hpp"
#include "io/clustering/kmeans_checkpoint.hpp"
#include "jobs/kmeans/checkpointing.hpp"
#include "jobs/kmeans/kmeans_settings.hpp"

namespace rankwise {

/// Tries each number of clusters from where `progress` stands, prints the table of them, and returns the result that it
/// recommends. Collective over context.comm; throws AgreedError, also where the run is to stop after a checkpoint.
[[nodiscard]] KMeansResult try_counts(const KMeansJobOptions& options, const ClusterCounts& counts,
                                      const Points& points, KMeansProgress& progress, KMeansCheckpointing& checkpoints,
                                      JobContext& context);

}  // namespace rankwise
