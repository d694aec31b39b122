#pragma once
// Points by their ranks: what no outlier and no unit can stretch.

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/kmeans/points.hpp"

namespace rankwise {

/// Each value of dense points becomes the share of all rows that have a smaller one, and half of those that have the
/// same one, itself included: between 0 and 1, 1/2 on average. Weights do not count. Returns what a file says of it.
/// The same on any number of ranks. Collective over comm.
DimensionScaling replace_by_ranks(const Communicator& comm, Points& points);

}  // namespace rankwise
