#pragma once
// The partition that ALS takes: rows by predicted cost, each rank's in the portions in which they are sent.

#include <span>

#include "distributed/communicator.hpp"
#include "distributed/partition.hpp"

namespace rankwise {

/// A partition of `rows` rows for systems of `width` unknowns. `share_sizes`: entries of the rows that
/// Partition::by_count gives this rank. The same on every rank. Collective over comm.
[[nodiscard]] Partition partition_by_cost(const Communicator& comm, Index rows, std::span<const Index> share_sizes,
                                          Index width);

}  // namespace rankwise
