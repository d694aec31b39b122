#pragma once
// NumPy's .npz: a zip file of arrays.

#include <span>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "io/arrays/shared_array.hpp"

namespace rankwise {

/// Writes the arrays as members NAME.npy, which are stored, not packed: each rank then knows where its rows go. The
/// zip file is in the 64-bit form whatever its size, and has no times. Collective over comm; throws AgreedError
/// (cannot_create, io_error; and what arrays throw).
void write_npz(const Communicator& comm, const std::string& path, std::span<const SharedArray> arrays);

}  // namespace rankwise
