#pragma once
// K-means on samples of the rows, for a quick look.

#include <functional>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/kmeans/lloyd.hpp"
#include "distributed/kmeans/points.hpp"
#include "kernels/base/philox.hpp"

namespace rankwise {

struct MiniBatches {
  Index rows = 0;  ///< per batch, drawn with replacement
  Index count = 100;
};

/// Where they stand between two batches, the same on every rank.
struct MiniBatchState {
  Matrix centroids = {};
  std::vector<double> taken = {};  ///< weight of the rows that each centroid ever took; none before the first batch
  Index batches = 0;               ///< so far
};

/// Takes batches until there were `batches.count`: each centroid moves towards the rows of a batch that are nearest to
/// it, by their weight over all the weight that it ever took (Sculley, "Web-scale k-means clustering", WWW 2010). After
/// each batch, which `state` then includes, `tell` hears of it, and may end the run by an error that all ranks throw
/// alike: the same call goes on. The same for any number of ranks. Collective over comm.
void take_mini_batches(const Communicator& comm, const Points& points, MiniBatchState& state,
                       const MiniBatches& batches, DistanceMetric metric, const RandomStream& random,
                       const std::function<void()>& tell);

}  // namespace rankwise
