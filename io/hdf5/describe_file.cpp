#include "io/hdf5/describe_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <set>

#include "io/hdf5/library/attribute_text.hpp"
#include "io/hdf5/library/handle.hpp"
#include "io/hdf5/reader.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

// Attributes are read whole only up to here; a hostile file may claim any size.
constexpr std::size_t most_attribute_bytes = std::size_t{1} << 20;
constexpr std::size_t most_path_bytes = 4096;

std::vector<Index> shape_of(hid_t space) {
  const int dimensions = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> extents(static_cast<std::size_t>(std::max(dimensions, 0)));
  H5Sget_simple_extent_dims(space, extents.data(), nullptr);
  std::vector<Index> shape;
  shape.reserve(extents.size());
  for (const hsize_t extent : extents) {
    shape.push_back(static_cast<Index>(std::min<hsize_t>(extent, std::numeric_limits<Index>::max())));
  }
  return shape;
}

/// The one value itself where the attribute has no dimensions, else the list.
template <class T>
AttributeValue one_or_list(std::vector<T> values, bool is_scalar) {
  if (is_scalar && values.size() == 1) return values.front();
  return values;
}

template <class T>
std::vector<T> read_numbers(hid_t attribute, std::size_t count, hid_t memory_type) {
  std::vector<T> values(count);
  if (count > 0 && H5Aread(attribute, memory_type, values.data()) < 0) values.clear();
  return values;
}

AttributeValue read_truth(hid_t attribute) {
  std::int8_t value = 0;
  if (H5Aread(attribute, boolean_type().get(), &value) < 0) return "(unreadable)";
  return value == 1;
}

AttributeValue read_attribute(hid_t attribute) {
  const Hdf5Handle type(H5Aget_type(attribute), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute), H5Sclose);
  const hssize_t points = space ? H5Sget_simple_extent_npoints(space.get()) : -1;
  if (!type || points < 0) return "(unreadable)";
  const bool is_scalar = H5Sget_simple_extent_type(space.get()) == H5S_SCALAR;
  const auto count = static_cast<std::size_t>(points);
  if (count > most_attribute_bytes / std::max<std::size_t>(1, H5Tget_size(type.get()))) return "(too large to show)";
  switch (H5Tget_class(type.get())) {
    case H5T_INTEGER:
      if (H5Tget_sign(type.get()) == H5T_SGN_NONE) {
        return one_or_list(read_numbers<std::uint64_t>(attribute, count, H5T_NATIVE_UINT64), is_scalar);
      }
      return one_or_list(read_numbers<std::int64_t>(attribute, count, H5T_NATIVE_INT64), is_scalar);
    case H5T_FLOAT:
      return one_or_list(read_numbers<double>(attribute, count, H5T_NATIVE_DOUBLE), is_scalar);
    case H5T_STRING:
      return one_or_list(read_texts(attribute, most_attribute_bytes), is_scalar);
    case H5T_ENUM:
      if (is_scalar && is_boolean(type.get())) return read_truth(attribute);
      [[fallthrough]];
    default:
      return fmt::format("({})", type_text(type.get()));
  }
}

herr_t collect_name(hid_t /*group*/, const char* name, const H5L_info_t* /*link*/, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

herr_t collect_attribute(hid_t /*object*/, const char* name, const H5A_info_t* /*attribute*/, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

/// Walks hard links from the root, each object once.
class Walk {
 public:
  explicit Walk(std::string path) : file_path_(std::move(path)) {}

  void object(hid_t parent, const std::string& name, const std::string& path) {
    const Hdf5Handle self(H5Oopen(parent, name.c_str(), H5P_DEFAULT), H5Oclose);
    H5O_info_t info{};
    checked(self ? H5Oget_info2(self.get(), &info, H5O_INFO_BASIC) : -1, path);
    const bool is_new = seen_.insert(info.addr).second;
    if (!is_new) return link(path, "another name of an object above");
    if (info.type != H5O_TYPE_GROUP && info.type != H5O_TYPE_DATASET) return link(path, "a named type");
    const std::size_t place = objects.size();
    objects.emplace_back();
    objects[place].path = path;
    if (info.type == H5O_TYPE_DATASET) dataset(self.get(), objects[place]);
    attributes(self.get(), objects[place]);
    if (info.type == H5O_TYPE_GROUP) members(self.get(), path);
  }

  std::vector<FileObject> objects;

 private:
  void checked(herr_t status, const std::string& path) const {
    if (status < 0) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {} cannot be read: {}", file_path_, path, hdf5_reason()));
    }
  }

  void link(const std::string& path, const std::string& where) {
    FileObject& object = objects.emplace_back();
    object.path = path;
    object.kind = FileObject::Kind::link;
    object.type = where;
  }

  void dataset(hid_t self, FileObject& object) const {
    const Hdf5Handle type(H5Dget_type(self), H5Tclose);
    const Hdf5Handle space(H5Dget_space(self), H5Sclose);
    checked(type && space ? 0 : -1, object.path);
    object.kind = FileObject::Kind::dataset;
    object.type = type_text(type.get());
    object.shape = shape_of(space.get());
    object.stored_bytes = static_cast<Index>(H5Dget_storage_size(self));
  }

  void attributes(hid_t self, FileObject& object) const {
    std::vector<std::string> names;
    hsize_t first = 0;
    checked(H5Aiterate2(self, H5_INDEX_NAME, H5_ITER_INC, &first, collect_attribute, &names), object.path);
    for (const std::string& name : names) {
      const Hdf5Handle attribute(H5Aopen(self, name.c_str(), H5P_DEFAULT), H5Aclose);
      checked(attribute ? 0 : -1, object.path);
      try {
        const Hdf5Handle type(H5Aget_type(attribute.get()), H5Tclose);
        checked(type ? 0 : -1, object.path);
        object.attributes.push_back({name, type_text(type.get()), read_attribute(attribute.get())});
      } catch (const Error& error) {
        throw Error(ExitCode::bad_data,
                    fmt::format("{}: attribute {} of {} {}", file_path_, name, object.path, error.what()));
      }
    }
  }

  void members(hid_t self, const std::string& path) {
    const std::string folder = path == "/" ? path : path + '/';
    std::vector<std::string> names;
    hsize_t first = 0;
    checked(H5Literate(self, H5_INDEX_NAME, H5_ITER_INC, &first, collect_name, &names), path);
    for (const std::string& name : names) {
      std::string inner = folder;
      inner += name;
      H5L_info_t info{};
      checked(H5Lget_info(self, name.c_str(), &info, H5P_DEFAULT), inner);
      if (inner.size() > most_path_bytes) {
        throw Error(ExitCode::bad_data, fmt::format("{}: groups are nested too deeply", file_path_));
      }
      if (info.type == H5L_TYPE_HARD) {
        object(self, name, inner);
      } else {
        link(inner, info.type == H5L_TYPE_SOFT ? "soft link, not followed" : "external link, not followed");
      }
    }
  }

  std::string file_path_;
  std::set<haddr_t> seen_;
};

}  // namespace

const AttributeValue* FileObject::attribute(const std::string& name) const {
  const auto found = std::ranges::find(attributes, name, &FileAttribute::name);
  return found == attributes.end() ? nullptr : &found->value;
}

const FileObject* FileDescription::find(const std::string& path) const {
  const auto found = std::ranges::find(objects, path, &FileObject::path);
  return found == objects.end() ? nullptr : &*found;
}

FileDescription describe_file(const std::string& path) {
  { const Hdf5Reader probe(path); }  // opens as every reader does: the same errors for the same faults
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_file_locking(access.get(), false, true);
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);  // as a reader, which may have the file open meanwhile
  const Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!file) throw Error(ExitCode::bad_data, fmt::format("{}: is not a sound HDF5 file: {}", path, hdf5_reason()));
  Walk walk(path);
  walk.object(file.get(), "/", "/");
  FileDescription description;
  description.file_bytes = static_cast<Index>(std::filesystem::file_size(path));
  description.objects = std::move(walk.objects);
  return description;
}

}  // namespace rankwise
