#pragma once
// Attributes that hold text. For HDF5 readers only: it shows the C API.

#include <hdf5.h>
#include <string>
#include <vector>

namespace rankwise {

/// The texts of a string attribute, of variable or fixed length, at most `most_bytes` together. Not collective. Throws
/// Error(bad_data) with the reason alone ("is damaged: ..."): the caller knows the names of file and attribute.
///
/// Texts of variable length lie in HDF5's global heap, the one structure that carries no checksum even in the newest
/// format, and HDF5 1.10 follows a damaged one out of its memory or for ever. So HDF5 gives only the reference here,
/// and the heap is read with every number checked.
[[nodiscard]] std::vector<std::string> read_texts(hid_t attribute, std::size_t most_bytes);

}  // namespace rankwise
