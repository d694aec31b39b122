#pragma once
// What a chain's training will need, where that can be predicted.

#include "io/hdf5/input_check.hpp"
#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// Fills in the memory and time of the training where neither is stated and its dataset, or the sweep whose winner it
/// trains, is there and no step is about to replace it; leaves others to the cluster's defaults. `cores_per_node`: of
/// this machine. Throws Error.
void predict_needs(Chain& chain, int cores_per_node, InputCheck check);

}  // namespace rankwise
