#include "io/hdf5/library/input_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

namespace {

// An attribute array that this program reads has at most a matrix' two extents, or the names of a table's columns.
constexpr hsize_t most_attribute_values = 64;
constexpr hsize_t most_attribute_texts = 1024;

FileDescriptor open_regular(const std::string& path) {
  struct stat status {};
  FileDescriptor opened(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!opened.is_open() || fstat(opened.get(), &status) != 0) {
    throw Error(ExitCode::no_input, fmt::format("{}: cannot open: {}", path, std::generic_category().message(errno)));
  }
  if (!S_ISREG(status.st_mode)) throw Error(ExitCode::no_input, fmt::format("{}: is not a regular file", path));
  return opened;
}

Hdf5Handle reading_access(const std::string& path) {
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // Finished files never change in place, and some parallel file systems have no locks.
  if (!access || H5Pset_file_locking(access.get(), false, true) < 0 ||
      H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG) < 0) {
    throw Error(ExitCode::internal, fmt::format("{}: {}", path, hdf5_reason()));
  }
  return access;
}

std::string attribute_label(const std::string& object, const std::string& name) {
  return fmt::format("attribute {} of {}", name, object);
}

}  // namespace

Hdf5InputFile::Hdf5InputFile(std::string path) : path_(std::move(path)) {
  const FileDescriptor opened = open_regular(path_);
  version_ = version_of(opened.get());
  descriptor_ = opened.get();

  silence_hdf5();
  const Hdf5Handle access = reading_access(path_);
  file_ = Hdf5Handle(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!file_) {
    const std::string reason = hdf5_reason();
    check_unchanged();
    throw Error(ExitCode::bad_data, fmt::format("{}: is not a sound HDF5 file: {}", path_, reason));
  }
  // HDF5 has opened the path once more.
  void* handle = nullptr;
  if (H5Fget_vfd_handle(file_.get(), H5P_DEFAULT, &handle) < 0) refuse("/", hdf5_reason());
  descriptor_ = *static_cast<const int*>(handle);
  check_unchanged();
}

void Hdf5InputFile::check_unchanged() const {
  try {
    check_same(version_, version_of(descriptor_));
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path_, error.what()));
  }
}

void Hdf5InputFile::refuse(const std::string& object, const std::string& reason) const {
  check_unchanged();
  throw Error(ExitCode::bad_data, fmt::format("{}: {} {}", path_, object, reason));
}

H5O_info_t Hdf5InputFile::info_of(const std::string& object) const {
  H5O_info_t info{};
  checked(H5Oget_info_by_name2(file_.get(), object.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT), object);
  return info;
}

bool Hdf5InputFile::has(const std::string& object) const {
  for (std::size_t end = object.find('/', 1); object != "/"; end = object.find('/', end + 1)) {
    const std::string part = object.substr(0, end);
    const htri_t exists = checked(H5Lexists(file_.get(), part.c_str(), H5P_DEFAULT), part);
    if (exists == 0) return false;
    H5L_info_t link{};
    checked(H5Lget_info(file_.get(), part.c_str(), &link, H5P_DEFAULT), part);
    if (link.type != H5L_TYPE_HARD) refuse(part, "is a soft or external link, which is refused");
    if (end == std::string::npos) break;
    if (info_of(part).type != H5O_TYPE_GROUP) refuse(part, "is not a group");
  }
  return true;
}

bool Hdf5InputFile::has_group(const std::string& object) const {
  return has(object) && info_of(object).type == H5O_TYPE_GROUP;
}

Hdf5Handle Hdf5InputFile::open(const std::string& object, H5O_type_t type) const {
  if (!has(object)) refuse(object, "is missing");
  const H5O_type_t found = info_of(object).type;
  if (type != H5O_TYPE_UNKNOWN && found != type) {
    refuse(object, type == H5O_TYPE_DATASET ? "is not a dataset" : "is not a group");
  }
  return checked(Hdf5Handle(H5Oopen(file_.get(), object.c_str(), H5P_DEFAULT), H5Oclose), object);
}

bool Hdf5InputFile::has_attribute(const std::string& object, const std::string& name) const {
  const Hdf5Handle owner = open(object, H5O_TYPE_UNKNOWN);
  return checked(H5Aexists(owner.get(), name.c_str()), object) > 0;
}

Hdf5Handle Hdf5InputFile::open_attribute(const std::string& object, const std::string& name, H5T_class_t type_class,
                                         hsize_t& size) const {
  const std::string label = attribute_label(object, name);
  const Hdf5Handle owner = open(object, H5O_TYPE_UNKNOWN);
  if (checked(H5Aexists(owner.get(), name.c_str()), label) == 0) refuse(label, "is missing");
  Hdf5Handle attribute = checked(Hdf5Handle(H5Aopen(owner.get(), name.c_str(), H5P_DEFAULT), H5Aclose), label);
  const Hdf5Handle type = checked(Hdf5Handle(H5Aget_type(attribute.get()), H5Tclose), label);
  if (H5Tget_class(type.get()) != type_class) refuse(label, "is not of the expected type");
  const Hdf5Handle space = checked(Hdf5Handle(H5Aget_space(attribute.get()), H5Sclose), label);
  size = static_cast<hsize_t>(checked(H5Sget_simple_extent_npoints(space.get()), label));
  if (size > (type_class == H5T_STRING ? most_attribute_texts : most_attribute_values)) {
    refuse(label, fmt::format("holds {} values", size));
  }
  return attribute;
}

void Hdf5InputFile::read_attribute(const std::string& object, const std::string& name, H5T_class_t type_class,
                                   hid_t type, void* value) const {
  hsize_t size = 0;
  const Hdf5Handle attribute = open_attribute(object, name, type_class, size);
  const std::string label = attribute_label(object, name);
  if (size != 1) refuse(label, fmt::format("holds {} values, expected one", size));
  checked(H5Aread(attribute.get(), type, value), label);
}

}  // namespace rankwise
