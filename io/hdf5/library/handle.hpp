#pragma once
// Owners of HDF5 identifiers, and HDF5's errors as text. For the HDF5 reader and writer only: it shows the C API.

#include <hdf5.h>
#include <string>
#include <utility>

#include "io/hdf5/library/element.hpp"

namespace rankwise {

/// Move-only owner of an HDF5 identifier; empty when the call that made it failed.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  ~Hdf5Handle() { reset(); }
  Hdf5Handle(Hdf5Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(std::exchange(other.close_, nullptr)) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;

  [[nodiscard]] hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  /// Closes now; negative when HDF5 could not, which for a file may mean that data did not reach it.
  herr_t reset() {
    const hid_t id = std::exchange(id_, H5I_INVALID_HID);
    return id >= 0 ? close_(id) : 0;
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

/// Stops HDF5 from printing its error stack on standard error; the stack itself stays, for hdf5_reason().
void silence_hdf5();

/// The most specific line of the error stack that the last failed HDF5 call of this thread left; one line.
[[nodiscard]] std::string hdf5_reason();

/// The type of an element in memory, and in the file (little-endian everywhere). Not owned.
[[nodiscard]] hid_t memory_type(Hdf5Element element);
[[nodiscard]] hid_t file_type(Hdf5Element element);

/// What a type is called: "float32", "int64", "string" (of variable length), "string[12]", "compound", ...
[[nodiscard]] std::string type_text(hid_t type);

/// An enumeration of FALSE (0) and TRUE (1), as h5py and numpy store truth values; and whether a type is one.
[[nodiscard]] Hdf5Handle boolean_type();
[[nodiscard]] bool is_boolean(hid_t enumeration);

/// A fixed-length UTF-8 string type padded with NUL.
[[nodiscard]] Hdf5Handle fixed_string_type(std::size_t bytes);
/// A variable-length UTF-8 string type.
[[nodiscard]] Hdf5Handle text_type();

}  // namespace rankwise
