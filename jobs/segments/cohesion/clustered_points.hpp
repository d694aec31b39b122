#pragma once
// The rows that a clustering was made of, once more.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/kmeans/lloyd.hpp"
#include "io/points/point_set.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Rows in the space in which they were clustered.
struct ClusteredPoints {
  PointSet set;                           ///< its ids are those of the clustering, in the same order
  std::vector<std::int32_t> assignments;  ///< of this rank's points
  Index clusters = 0;
  DistanceMetric metric = DistanceMetric::euclidean;
};

/// `points`: the file that kmeans had as --input. Its columns and the like are chosen by the options that the
/// clustering holds. Collective over context.comm; throws AgreedError (no_input; bad_data: not these rows, as ids,
/// dimensions, rows in no cluster or distances to centroids are others).
[[nodiscard]] ClusteredPoints read_clustered_points(const JobContext& context, const std::string& clustering,
                                                    const std::string& points);

}  // namespace rankwise
