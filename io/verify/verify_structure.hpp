#pragma once
// Whether a file is what its kind says, beyond the bits: shapes that fit each other, offsets and columns in order,
// finite values, transposes, ids of one row each, a dataset's own digest.

#include <string>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// Reads a dataset, a model, a checkpoint, a clustering or metrics of users through its reader, rows shared out over
/// the ranks in blocks; other kinds have nothing to check. Collective over comm; throws AgreedError (bad_data) that
/// names what does not fit.
void verify_structure(const Communicator& comm, const std::string& path, const std::string& kind);

}  // namespace rankwise
