#pragma once
// An HDF5 file driver that touches no disk. For the HDF5 writer only: it shows the C API.

#include "io/file_image.hpp"
#include "io/hdf5_handle.hpp"

namespace rankwise {

/// File access that has HDF5 write into `image`, which outlives the file. HDF5 1.10 does not survive a write that fails
/// while it closes a file (it crashes when it is shut down itself); here none can.
[[nodiscard]] Hdf5Handle image_access(FileImage& image);

}  // namespace rankwise
