#pragma once
// NumPy's .npy files of a folder.

#include <span>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "io/arrays/shared_array.hpp"

namespace rankwise {

/// Writes each array as NAME.npy into the folder, which is made if it does not exist. All files are written before the
/// first one appears. Collective over comm; throws AgreedError (cannot_create, io_error; and what arrays throw).
void write_npy_folder(const Communicator& comm, const std::string& folder, std::span<const SharedArray> arrays);

}  // namespace rankwise
