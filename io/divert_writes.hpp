#pragma once
// Giving up a file that a library still holds open.

#include <string>

namespace rankwise {

/// Whatever this process still writes to the file at `path` through descriptors that are open now goes into memory, and
/// away with them: a library can then close a file on a device that takes no more, which HDF5 does not survive
/// otherwise. Descriptors that cannot be diverted stay as they are.
void divert_writes(const std::string& path);

}  // namespace rankwise
