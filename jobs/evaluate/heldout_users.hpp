#pragma once
// The users whose held-out interactions are evaluated: what they did and what was held out.

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/rows/partition.hpp"
#include "io/dataset/dataset.hpp"

namespace rankwise {

/// All users with a held-out part: those of the training, or those that were held out whole. Collective over comm;
/// throws AgreedError.
[[nodiscard]] HeldoutRows read_heldout_rows(const Communicator& comm, const DatasetReader& dataset,
                                            const Partition& partition);

}  // namespace rankwise
