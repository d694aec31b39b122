#pragma once
// Whether a dataset can be divided into the folds of a plan.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/hdf5/input_check.hpp"

namespace rankwise {

/// Throws AgreedError where a fold of the training part would leave nothing to train on or nothing to validate: usage
/// where there are more folds than users or interactions, else bad_data. `folds` are of one kind, as fold_texts() makes
/// them, and `seed` divides. Reads only as many rows as it takes to find something in each. Collective over comm.
void require_filled_folds(const Communicator& comm, const std::string& data, const std::vector<std::string>& folds,
                          std::uint64_t seed, InputCheck check);

}  // namespace rankwise
