#pragma once
// Damages HDF5 files on purpose, through HDF5's own C API; on one rank.

#include <cstdint>
#include <fstream>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <string>
#include <vector>

namespace rankwise {

template <class T>
hid_t native_type();
template <>
inline hid_t native_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
inline hid_t native_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
inline hid_t native_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
inline hid_t native_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}

/// A file open on this rank alone; closes everything in it at its end.
class OpenFile {
 public:
  enum class Mode { existing, fresh, read_only };
  explicit OpenFile(const std::string& path, Mode mode = Mode::existing) {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    id_ = mode == Mode::fresh ? H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access)
                              : H5Fopen(path.c_str(), mode == Mode::existing ? H5F_ACC_RDWR : H5F_ACC_RDONLY, access);
    EXPECT_GE(id_, 0) << path;
    H5Pclose(access);
  }
  ~OpenFile() { EXPECT_GE(H5Fclose(id_), 0); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] hid_t get() const { return id_; }

  /// Overwrites one value of a dataset (row-major position).
  template <class T>
  void overwrite(const std::string& dataset, std::size_t position, T value) const {
    const hid_t set = H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT);
    ASSERT_GE(set, 0) << dataset;
    std::vector<T> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(H5Dget_space(set))));
    ASSERT_LT(position, values.size());
    EXPECT_GE(H5Dread(set, native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    values[position] = value;
    EXPECT_GE(H5Dwrite(set, native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    H5Dclose(set);
  }
  void remove(const std::string& object) const { EXPECT_GE(H5Ldelete(id_, object.c_str(), H5P_DEFAULT), 0) << object; }
  void remove_attribute(const std::string& object, const std::string& name) const {
    EXPECT_GE(H5Adelete_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT), 0) << name;
  }
  /// Replaces a dataset by one of other extents or type; its values are zero.
  void replace(const std::string& dataset, hid_t type, const std::vector<hsize_t>& extents) const {
    remove(dataset);
    add_zeros(dataset, type, extents);
  }
  /// Adds a dataset whose values are zero.
  void add_zeros(const std::string& dataset, hid_t type, const std::vector<hsize_t>& extents) const {
    add(dataset, type, extents, H5P_DEFAULT);
    if (extents.empty()) return;
    const hid_t set = H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT);
    std::size_t bytes = H5Tget_size(type);
    for (const hsize_t extent : extents) bytes *= extent;
    const std::vector<char> zeros(bytes + 1);
    EXPECT_GE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data()), 0);
    H5Dclose(set);
  }
  /// Adds a dataset and writes nothing into it.
  void add(const std::string& dataset, hid_t type, const std::vector<hsize_t>& extents, hid_t creation) const {
    const hid_t space = extents.empty() ? H5Screate(H5S_SCALAR)
                                        : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
    const hid_t set = H5Dcreate2(id_, dataset.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    EXPECT_GE(set, 0) << dataset;
    H5Dclose(set);
    H5Sclose(space);
  }
  template <class T>
  void set_attribute(const std::string& object, const std::string& name, const std::vector<T>& values) const {
    if (H5Aexists_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT) > 0) remove_attribute(object, name);
    const hsize_t size = values.size();
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    const hid_t attribute = H5Acreate_by_name(id_, object.c_str(), name.c_str(), native_type<T>(), space, H5P_DEFAULT,
                                              H5P_DEFAULT, H5P_DEFAULT);
    EXPECT_GE(H5Awrite(attribute, native_type<T>(), values.data()), 0) << name;
    H5Aclose(attribute);
    H5Sclose(space);
  }
  void set_text(const std::string& object, const std::string& name, const char* text) const {
    if (H5Aexists_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT) > 0) remove_attribute(object, name);
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute =
        H5Acreate_by_name(id_, object.c_str(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    EXPECT_GE(H5Awrite(attribute, type, &text), 0) << name;
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

/// Flips one bit of the byte at `offset`.
inline void flip_bit(const std::string& path, std::streamoff offset) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(offset);
  const char byte = static_cast<char>(file.get() ^ 4);
  file.seekp(offset);
  file.put(byte);
  EXPECT_TRUE(file.good()) << path;
}

/// Where a dataset's rows begin in the file. Opening for writing would change the file's time under ranks that still
/// read.
inline std::int64_t offset_of(const std::string& path, const std::string& dataset) {
  const OpenFile file(path, OpenFile::Mode::read_only);
  const hid_t set = H5Dopen2(file.get(), dataset.c_str(), H5P_DEFAULT);
  const auto offset = static_cast<std::int64_t>(H5Dget_offset(set));
  H5Dclose(set);
  return offset;
}

}  // namespace rankwise
