#include "io/hdf5/library/shape.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <hdf5.h>

#include "io/hdf5/library/attribute_text.hpp"
#include "io/hdf5/library/handle.hpp"
#include "io/hdf5/library/input_file.hpp"

namespace rankwise {

namespace {

// Deflate packs at most 1032 bytes into one; a dataset that claims more than this times its stored bytes is a bomb.
constexpr double largest_packing = 1100;
constexpr std::array built_in_filters{H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE, H5Z_FILTER_FLETCHER32, H5Z_FILTER_NBIT,
                                      H5Z_FILTER_SCALEOFFSET};

/// One dataset, opened, whose declarations are looked at.
struct Dataset {
  const Hdf5InputFile& file;
  const std::string& name;
  Hdf5Handle opened;

  void read_type(Hdf5Shape& shape) const;
  void read_extents(Hdf5Shape& shape) const;
  void check_filters(hid_t creation) const;
  void check_bytes(hid_t creation, const Hdf5Shape& shape) const;
  void check_storage(const Hdf5Shape& shape) const;
};

void Dataset::read_type(Hdf5Shape& shape) const {
  const Hdf5Handle type = file.checked(Hdf5Handle(H5Dget_type(opened.get()), H5Tclose), name);
  shape.type = type_text(type.get());
  const auto refuse_type = [&] {
    file.refuse(name, fmt::format("holds values of type {}, expected numbers or strings", shape.type));
  };
  switch (H5Tget_class(type.get())) {
    case H5T_INTEGER:
      shape.kind = Hdf5Kind::integer;
      break;
    case H5T_FLOAT:
      shape.kind = Hdf5Kind::floating;
      break;
    case H5T_STRING:
      shape.kind = Hdf5Kind::text;
      shape.varies = H5Tis_variable_str(type.get()) > 0;
      break;
    case H5T_BITFIELD:
      shape.kind = Hdf5Kind::boolean;
      break;
    case H5T_ENUM:
      if (!is_boolean(type.get())) refuse_type();
      shape.kind = Hdf5Kind::boolean;
      break;
    default:
      refuse_type();
  }
  shape.element_bytes = shape.varies ? text_reference_bytes : H5Tget_size(type.get());
  // Wider numbers would silently become the nearest ones that fit.
  const std::size_t widest = shape.kind == Hdf5Kind::floating ? sizeof(long double) : sizeof(std::int64_t);
  if (shape.kind != Hdf5Kind::text && shape.element_bytes > widest) refuse_type();
}

void Dataset::read_extents(Hdf5Shape& shape) const {
  const Hdf5Handle space = file.checked(Hdf5Handle(H5Dget_space(opened.get()), H5Sclose), name);
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) file.refuse(name, "is empty (a null dataspace)");
  const int dimensions = file.checked(H5Sget_simple_extent_ndims(space.get()), name);
  std::vector<hsize_t> extents(static_cast<std::size_t>(dimensions));
  file.checked(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr), name);
  for (const hsize_t extent : extents) {
    if (extent > static_cast<hsize_t>(INT64_MAX)) file.refuse(name, "claims more than 2^63 rows");
    shape.extents.push_back(static_cast<Index>(extent));
  }
}

void Dataset::check_filters(hid_t creation) const {
  const int filters = file.checked(H5Pget_nfilters(creation), name);
  for (int f = 0; f < filters; ++f) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = file.checked(
        H5Pget_filter2(creation, static_cast<unsigned>(f), &flags, &values, nullptr, 0, nullptr, nullptr), name);
    if (std::ranges::find(built_in_filters, filter) == built_in_filters.end()) {
      file.refuse(name, fmt::format("needs filter {}, which is not one of HDF5's own", filter));
    }
  }
}

/// In double: a product of hostile extents may overflow.
void Dataset::check_bytes(hid_t creation, const Hdf5Shape& shape) const {
  const H5D_layout_t layout = file.checked(H5Pget_layout(creation), name);
  auto declared_bytes = static_cast<double>(shape.element_bytes);
  for (const Index extent : shape.extents) declared_bytes *= static_cast<double>(extent);
  const auto file_bytes = static_cast<double>(file.version().bytes);
  const auto stored_bytes = static_cast<double>(H5Dget_storage_size(opened.get()));
  const double packing = layout == H5D_CHUNKED ? largest_packing : 1;
  if (declared_bytes > packing * stored_bytes || stored_bytes > file_bytes) {
    file.refuse(name,
                fmt::format("claims {:.0f} bytes of data, of which the file does not hold enough", declared_bytes));
  }
  if (declared_bytes == 0) return;
  if (layout == H5D_CHUNKED) {
    // HDF5 makes room for a whole chunk, however few rows the dataset has.
    std::array<hsize_t, H5S_MAX_RANK> extents{};
    const int dimensions = file.checked(H5Pget_chunk(creation, H5S_MAX_RANK, extents.data()), name);
    auto chunk_bytes = static_cast<double>(shape.element_bytes);
    for (int d = 0; d < dimensions; ++d) chunk_bytes *= static_cast<double>(extents[static_cast<std::size_t>(d)]);
    if (chunk_bytes > packing * stored_bytes) {
      file.refuse(name,
                  fmt::format("claims chunks of {:.0f} bytes, of which the file does not hold enough", chunk_bytes));
    }
  }
  if (layout == H5D_CONTIGUOUS && static_cast<double>(H5Dget_offset(opened.get())) + declared_bytes > file_bytes) {
    file.refuse(name, "reaches beyond the end of the file");
  }
}

void Dataset::check_storage(const Hdf5Shape& shape) const {
  const Hdf5Handle creation = file.checked(Hdf5Handle(H5Dget_create_plist(opened.get()), H5Pclose), name);
  const H5D_layout_t layout = file.checked(H5Pget_layout(creation.get()), name);
  if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT) {
    file.refuse(name, "is a virtual dataset, which is refused");
  }
  if (file.checked(H5Pget_external_count(creation.get()), name) > 0) {
    file.refuse(name, "is stored in another file, which is refused");
  }
  check_filters(creation.get());
  check_bytes(creation.get(), shape);
}

}  // namespace

Hdf5Kind kind_of(Hdf5Element element) {
  return element == Hdf5Element::float32 || element == Hdf5Element::float64 ? Hdf5Kind::floating : Hdf5Kind::integer;
}

const char* kind_text(Hdf5Kind kind) {
  switch (kind) {
    case Hdf5Kind::integer:
      return "integers";
    case Hdf5Kind::floating:
      return "floating-point numbers";
    case Hdf5Kind::text:
      return "strings";
    case Hdf5Kind::boolean:
      return "booleans";
  }
  return "";
}

Hdf5Shape shape_of(const Hdf5InputFile& file, const std::string& dataset) {
  const Dataset declared{file, dataset, file.open_dataset(dataset)};
  Hdf5Shape shape;
  declared.read_type(shape);
  declared.read_extents(shape);
  declared.check_storage(shape);
  return shape;
}

}  // namespace rankwise
