#pragma once
// Which HDF5 library reads and writes the files.

#include <string>

namespace rankwise {

/// Version of the library that runs, which need not be the one compiled against.
[[nodiscard]] std::string hdf5_version();

}  // namespace rankwise
