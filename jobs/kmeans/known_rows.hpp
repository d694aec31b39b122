#pragma once
// Rows that an earlier clustering has too, by their ids, and whether they keep their clusters.

#include <string>

#include "io/clustering/clustering.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct KnownRows {
  Index known = 0;  ///< rows that both clusterings have in a cluster
  Index kept = 0;   ///< of these, rows whose cluster has the same number in both
};

/// Each rank gives its rows of `now`. Collective over comm; throws AgreedError.
[[nodiscard]] KnownRows count_known_rows(const Communicator& comm, const ClusteringReader& earlier,
                                         const Clustering& now);

/// Tells how many rows keep the cluster that the clustering at `path` has them in, or why that cannot be counted: rows
/// without ids, or of another side. Collective over the job's ranks; throws AgreedError.
void tell_known_rows(JobContext& context, const std::string& path, const Clustering& now);

}  // namespace rankwise
