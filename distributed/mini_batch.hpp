#pragma once
// K-means on samples of the rows, for a quick look.

#include "distributed/communicator.hpp"
#include "distributed/feature_scaling.hpp"
#include "distributed/kmeans.hpp"
#include "distributed/points.hpp"
#include "kernels/philox.hpp"

namespace rankwise {

struct MiniBatches {
  Index rows = 0;  ///< per batch, drawn with replacement
  Index count = 100;
};

/// Centroids after `batches.count` steps from `centroids`: each moves towards the rows of the batch that are nearest to
/// it, by their weight over all the weight that it ever took (Sculley, "Web-scale k-means clustering", WWW 2010). The
/// same for any number of ranks. Collective over comm.
[[nodiscard]] Matrix take_mini_batches(const Communicator& comm, const Points& points, Matrix centroids,
                                       const MiniBatches& batches, DistanceMetric metric, const RandomStream& random);

}  // namespace rankwise
