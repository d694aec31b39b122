#pragma once
// Attributes that hold text. For HDF5 readers only: it shows the C API.

#include <cstddef>
#include <hdf5.h>
#include <string>
#include <string_view>
#include <vector>

#include "io/hdf5/library/handle.hpp"

namespace rankwise {

/// The texts of a string attribute, of variable or fixed length, at most `most_bytes` together. Not collective. Throws
/// Error(bad_data) with the reason alone ("is damaged: ..."): the caller knows the names of file and attribute.
///
/// Texts of variable length lie in HDF5's global heap, the one structure that carries no checksum even in the newest
/// format, and HDF5 1.10 follows a damaged one out of its memory or for ever. So HDF5 gives only the reference here,
/// and the heap is read with every number checked.
[[nodiscard]] std::vector<std::string> read_texts(hid_t attribute, std::size_t most_bytes);

/// Bytes of a file that refer to one text of variable length.
inline constexpr std::size_t text_reference_bytes = 16;

/// Teaches HDF5, for as long as it lives, to give texts of variable length as references.
class TextReferences {
 public:
  /// Throws Error(internal).
  TextReferences();
  ~TextReferences();
  TextReferences(const TextReferences&) = delete;
  TextReferences& operator=(const TextReferences&) = delete;
  /// To read into memory; not owned.
  [[nodiscard]] hid_t type() const { return reference_.get(); }

 private:
  Hdf5Handle varying_;
  Hdf5Handle reference_;
};

/// The texts of a dataset that `references`, one after another, refer to: together at most as long as the file, in
/// which each has its own place. Not collective; throws Error(bad_data) with the reason alone.
[[nodiscard]] std::vector<std::string> texts_of(hid_t dataset, std::string_view references);

/// `text`, whose type says how it is padded, without its padding.
[[nodiscard]] std::string unpadded(std::string_view text, H5T_str_t padding);

}  // namespace rankwise
