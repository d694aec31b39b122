#include "io/hdf5/library/image_driver.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

namespace rankwise {

namespace {

/// A file as HDF5 has it open.
struct OpenImage {
  H5FD_t base{};  // HDF5's own, first
  ImageTarget* target = nullptr;
  haddr_t end = 0;  // of what HDF5 has given out
};

/// What file access carries.
struct TargetOf {
  ImageTarget* target;
};

OpenImage& opened(H5FD_t* file) {
  return *reinterpret_cast<OpenImage*>(file);
}

const OpenImage& opened(const H5FD_t* file) {
  return *reinterpret_cast<const OpenImage*>(file);
}

H5FD_t* open_image(const char* /*name*/, unsigned flags, hid_t access, haddr_t /*most*/) {
  ImageTarget* target = static_cast<const TargetOf*>(H5Pget_driver_info(access))->target;
  if ((flags & H5F_ACC_TRUNC) == 0) return nullptr;  // HDF5 asks first whether the file is there
  return &(new OpenImage{.target = target})->base;
}

herr_t close_image(H5FD_t* file) {
  OpenImage* closed = &opened(file);
  closed->target->image.size_bytes = static_cast<Index>(closed->end);
  delete closed;
  return 0;
}

int compare_images(const H5FD_t* one, const H5FD_t* other) {
  const std::less<const ImageTarget*> before;
  return int{before(opened(other).target, opened(one).target)} - int{before(opened(one).target, opened(other).target)};
}

herr_t tell_features(const H5FD_t* /*file*/, unsigned long* flags) {
  if (flags == nullptr) return 0;
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t end_given_out(const H5FD_t* file, H5FD_mem_t /*type*/) {
  return opened(file).end;
}

herr_t set_end(H5FD_t* file, H5FD_mem_t /*type*/, haddr_t end) {
  opened(file).end = end;
  return 0;
}

herr_t read_image(H5FD_t* file, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t at, std::size_t size, void* out) {
  opened(file).target->image.read(static_cast<Index>(at), static_cast<Index>(size), static_cast<char*>(out));
  return 0;
}

herr_t write_image(H5FD_t* file, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t at, std::size_t size,
                   const void* bytes) {
  ImageTarget& target = *opened(file).target;
  if (bytes == target.placeholder) {
    target.placeholder_place = static_cast<Index>(at);
    return 0;
  }
  target.image.write(static_cast<Index>(at), {static_cast<const char*>(bytes), size});
  return 0;
}

H5FD_class_t image_driver() {
  H5FD_class_t driver{};
  driver.name = "image";
  driver.maxaddr = HADDR_MAX;
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.fapl_size = sizeof(TargetOf);
  driver.open = open_image;
  driver.close = close_image;
  driver.cmp = compare_images;
  driver.query = tell_features;
  driver.get_eoa = end_given_out;
  driver.set_eoa = set_end;
  driver.get_eof = end_given_out;  // the file is as long as HDF5 thinks
  driver.read = read_image;
  driver.write = write_image;
  constexpr H5FD_mem_t raw_apart_from_metadata[] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(raw_apart_from_metadata), std::end(raw_apart_from_metadata), driver.fl_map);
  return driver;
}

}  // namespace

Hdf5Handle image_access(ImageTarget& target) {
  // Registered for the life of the process: HDF5 1.10 frees an unregistered driver although files that it opened live
  // on, and then calls its `close` out of freed memory (seen with MALLOC_PERTURB_).
  static const hid_t registered = [] {
    const H5FD_class_t driver = image_driver();
    return H5FDregister(&driver);
  }();
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  const TargetOf carried{&target};
  if (!access || registered < 0 || H5Pset_driver(access.get(), registered, &carried) < 0) return {};
  return access;
}

}  // namespace rankwise
