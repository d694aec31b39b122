#pragma once
// An HDF5 file that is open for reading on one rank, whatever it holds. For HDF5 readers only: it shows the C API.

#include <fmt/format.h>
#include <hdf5.h>
#include <string>

#include "io/files/file_version.hpp"
#include "io/hdf5/library/handle.hpp"

namespace rankwise {

/// Objects are named by absolute paths. Not collective; every member throws Error: no_input (the file cannot be
/// opened), bad_data (it does not hold what was asked for), io_error (it was written to since it was opened), with the
/// names of file and object.
class Hdf5InputFile {
 public:
  explicit Hdf5InputFile(std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  /// As it was opened.
  [[nodiscard]] const FileVersion& version() const { return version_; }

  void check_unchanged() const;
  /// What seems wrong in a file may come from a change while it is read, which is then the error.
  [[noreturn]] void refuse(const std::string& object, const std::string& reason) const;
  /// The status or handle of an HDF5 call; refuses the object if the call failed.
  template <class Status>
  Status checked(Status status, const std::string& object) const {
    if (status < 0) refuse(object, fmt::format("cannot be read: {}", hdf5_reason()));
    return status;
  }
  [[nodiscard]] Hdf5Handle checked(Hdf5Handle handle, const std::string& object) const {
    checked(handle.get(), object);
    return handle;
  }

  /// Whether the file has such an object. Every link on the way is looked at before it is followed: soft and external
  /// ones are refused.
  [[nodiscard]] bool has(const std::string& object) const;
  [[nodiscard]] bool has_group(const std::string& object) const;
  [[nodiscard]] Hdf5Handle open(const std::string& object, H5O_type_t type) const;
  [[nodiscard]] Hdf5Handle open_dataset(const std::string& name) const { return open(name, H5O_TYPE_DATASET); }

  [[nodiscard]] bool has_attribute(const std::string& object, const std::string& name) const;
  /// Of values of this class, of which it holds `size`.
  [[nodiscard]] Hdf5Handle open_attribute(const std::string& object, const std::string& name, H5T_class_t type_class,
                                          hsize_t& size) const;
  /// Of one value, into memory of `type`.
  void read_attribute(const std::string& object, const std::string& name, H5T_class_t type_class, hid_t type,
                      void* value) const;

 private:
  [[nodiscard]] H5O_info_t info_of(const std::string& object) const;

  std::string path_;
  FileVersion version_;
  Hdf5Handle file_;
  int descriptor_ = -1;  // of file_, which owns it
};

}  // namespace rankwise
