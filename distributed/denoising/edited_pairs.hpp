#pragma once
// Training interactions of a dataset that are taken out, or that count less.

#include <compare>
#include <span>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// A training interaction, by rows of the dataset.
struct TrainedPair {
  Index user = 0;
  Index item = 0;
  friend auto operator<=>(const TrainedPair&, const TrainedPair&) = default;
};

/// Takes the pairs out of the training part and its log rows, both ways, and out of what the dataset keeps of them for
/// several parts together; users, items, the held-out part and the validation part stay as they are. `pairs` ascend and
/// are of this rank's users. All matrices are partitioned by count. Collective over comm.
void drop_pairs(const Communicator& comm, std::span<const TrainedPair> pairs, Dataset& dataset);

/// Multiplies their values in the training part and its log rows, likewise.
void weigh_pairs(const Communicator& comm, std::span<const TrainedPair> pairs, double factor, Dataset& dataset);

}  // namespace rankwise
