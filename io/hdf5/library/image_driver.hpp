#pragma once
// An HDF5 file driver that touches no disk. For the HDF5 writer only: it shows the C API.

#include <optional>

#include "io/hdf5/library/file_image.hpp"
#include "io/hdf5/library/handle.hpp"

namespace rankwise {

/// What HDF5 writes into.
struct ImageTarget {
  FileImage image;
  const void* placeholder = nullptr;       ///< bytes from here are not kept: somebody else writes what comes there
  std::optional<Index> placeholder_place;  ///< where they would stand, by the first byte
};

/// File access to `target`, which outlives the file. HDF5 1.10 does not survive a write that fails while it closes a
/// file (it crashes when it is shut down itself); here none can.
[[nodiscard]] Hdf5Handle image_access(ImageTarget& target);

}  // namespace rankwise
