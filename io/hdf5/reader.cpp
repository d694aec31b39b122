#include "io/hdf5/reader.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "io/files/commit.hpp"
#include "io/hdf5/attribute_text.hpp"
#include "io/hdf5/compared_rows.hpp"
#include "io/hdf5/handle.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

// Deflate packs at most 1032 bytes into one; a dataset that claims more than this times its stored bytes is a bomb.
constexpr double largest_packing = 1100;
// An attribute array that this program reads has at most a matrix' two extents.
constexpr hsize_t attribute_values = 64;
constexpr std::size_t most_text_bytes = std::size_t{1} << 24;
constexpr std::array built_in_filters{H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE, H5Z_FILTER_FLETCHER32, H5Z_FILTER_NBIT,
                                      H5Z_FILTER_SCALEOFFSET};

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

/// As h5py and numpy store them: an enumeration of FALSE and TRUE.
bool is_boolean(hid_t enumeration) {
  if (H5Tget_nmembers(enumeration) != 2) return false;
  std::int64_t value = 0;  // as wide as any
  return H5Tget_size(enumeration) <= sizeof(value) && H5Tenum_valueof(enumeration, "FALSE", &value) >= 0 &&
         H5Tenum_valueof(enumeration, "TRUE", &value) >= 0;
}

Hdf5Kind kind_of(Hdf5Element element) {
  return element == Hdf5Element::float32 || element == Hdf5Element::float64 ? Hdf5Kind::floating : Hdf5Kind::integer;
}

/// Where rows go: row-major memory of `stride` values of `type` a row, at columns [first_column, first_column +
/// columns).
struct RowPlace {
  hid_t type;
  void* out;
  Index stride;
  Index first_column;
  Index columns;

  [[nodiscard]] Index value_bytes() const { return static_cast<Index>(H5Tget_size(type)); }
  [[nodiscard]] bool is_dense() const { return stride == columns; }
  [[nodiscard]] char* row(Index r) const { return static_cast<char*>(out) + r * stride * value_bytes(); }
  [[nodiscard]] RowPlace after(Index rows) const { return {type, row(rows), stride, first_column, columns}; }
};

}  // namespace

struct Hdf5Reader::Impl {
  std::string path;
  FileVersion version;
  Hdf5Handle file;
  int descriptor = -1;                                // of `file`, which owns it
  std::map<std::string, ComparedRows> compared = {};  // by dataset

  /// What seems wrong in a file may come from a change while it is read.
  void check_unchanged() const {
    try {
      check_same(version, version_of(descriptor));
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
    }
  }
  [[noreturn]] void refuse(const std::string& object, const std::string& reason) const {
    check_unchanged();
    throw Error(ExitCode::bad_data, fmt::format("{}: {} {}", path, object, reason));
  }
  template <class Status>
  Status checked(Status status, const std::string& object) const {
    if (status < 0) refuse(object, fmt::format("cannot be read: {}", hdf5_reason()));
    return status;
  }
  Hdf5Handle checked(Hdf5Handle handle, const std::string& object) const {
    checked(handle.get(), object);
    return handle;
  }

  [[nodiscard]] bool has(const std::string& object) const;
  [[nodiscard]] Hdf5Handle open(const std::string& object, H5O_type_t type) const;
  [[nodiscard]] Hdf5Handle open_dataset(const std::string& name) const { return open(name, H5O_TYPE_DATASET); }
  void check_storage(hid_t dataset, const std::string& name, std::size_t element_bytes, double declared_bytes) const;
  [[nodiscard]] Hdf5Shape shape(hid_t dataset, const std::string& name) const;
  void check_range(const std::string& name, const Hdf5Shape& held, RowRange rows) const {
    if (rows.begin < 0 || rows.end < rows.begin || rows.end > held.rows()) {
      refuse(name, fmt::format("has {} rows, but rows {} to {} are needed", held.rows(), rows.begin, rows.end));
    }
  }
  [[nodiscard]] Hdf5Handle owner_of_attributes(const std::string& object) const;
  [[nodiscard]] Hdf5Handle open_attribute(const std::string& object, const std::string& name, H5T_class_t type_class,
                                          hsize_t& size) const;
  void read_value(const std::string& object, const std::string& name, H5T_class_t type_class, hid_t type,
                  void* value) const;
  [[nodiscard]] std::vector<std::string> read_varying(const std::string& name, RowRange rows) const;
  void read_selected(const std::string& name, RowRange rows, const RowPlace& place);
  void transfer(hid_t dataset, const std::string& name, RowRange rows, const RowPlace& place) const;
  void read_compared(hid_t dataset, const std::string& name, ComparedRows& known, RowRange part,
                     const RowPlace& place) const;
  void convert(const std::string& name, hid_t from, hid_t to, Index values, void* place) const;
  void require_intact(const std::string& name, const std::optional<std::string>& damage) const {
    if (damage) refuse(name + ":", *damage);
  }
};

Hdf5Reader::Hdf5Reader(std::string path) : impl_(std::make_unique<Impl>()) {
  impl_->path = std::move(path);
  const std::string& name = impl_->path;
  struct stat status {};
  const FileDescriptor opened(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!opened.is_open() || fstat(opened.get(), &status) != 0) {
    throw Error(ExitCode::no_input, fmt::format("{}: cannot open: {}", name, std::generic_category().message(errno)));
  }
  if (!S_ISREG(status.st_mode)) throw Error(ExitCode::no_input, fmt::format("{}: is not a regular file", name));
  impl_->version = version_of(opened.get());
  impl_->descriptor = opened.get();

  silence_hdf5();
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // Finished files never change in place, and some parallel file systems have no locks.
  if (!access || H5Pset_file_locking(access.get(), false, true) < 0 ||
      H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG) < 0) {
    throw Error(ExitCode::internal, fmt::format("{}: {}", name, hdf5_reason()));
  }
  impl_->file = Hdf5Handle(H5Fopen(name.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!impl_->file) {
    const std::string reason = hdf5_reason();
    impl_->check_unchanged();
    throw Error(ExitCode::bad_data, fmt::format("{}: is not a sound HDF5 file: {}", name, reason));
  }
  // HDF5 has opened the path once more.
  void* handle = nullptr;
  if (H5Fget_vfd_handle(impl_->file.get(), H5P_DEFAULT, &handle) < 0) impl_->refuse("/", hdf5_reason());
  impl_->descriptor = *static_cast<const int*>(handle);
  impl_->check_unchanged();
}

Hdf5Reader::~Hdf5Reader() = default;
Hdf5Reader::Hdf5Reader(Hdf5Reader&&) noexcept = default;
Hdf5Reader& Hdf5Reader::operator=(Hdf5Reader&&) noexcept = default;

const std::string& Hdf5Reader::path() const {
  return impl_->path;
}

const FileVersion& Hdf5Reader::version() const {
  return impl_->version;
}

void Hdf5Reader::compare_with(std::vector<DigestTable> tables) {
  for (DigestTable& table : tables) {
    const std::string name = table.dataset;
    const Index rows = shape(name).rows();
    impl_->compared.emplace(name, ComparedRows(std::move(table), rows));
  }
}

bool Hdf5Reader::compares() const {
  return !impl_->compared.empty();
}

bool Hdf5Reader::has(const std::string& object) const {
  return impl_->has(object);
}

bool Hdf5Reader::Impl::has(const std::string& object) const {
  // Every link on the way is looked at before it is followed.
  for (std::size_t end = object.find('/', 1); object != "/"; end = object.find('/', end + 1)) {
    const std::string part = object.substr(0, end);
    const htri_t exists = checked(H5Lexists(file.get(), part.c_str(), H5P_DEFAULT), part);
    if (exists == 0) return false;
    H5L_info_t link{};
    checked(H5Lget_info(file.get(), part.c_str(), &link, H5P_DEFAULT), part);
    if (link.type != H5L_TYPE_HARD) refuse(part, "is a soft or external link, which is refused");
    if (end == std::string::npos) break;
    H5O_info_t info{};
    checked(H5Oget_info_by_name2(file.get(), part.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT), part);
    if (info.type != H5O_TYPE_GROUP) refuse(part, "is not a group");
  }
  return true;
}

bool Hdf5Reader::has_group(const std::string& object) const {
  if (!has(object)) return false;
  H5O_info_t info{};
  impl_->checked(H5Oget_info_by_name2(impl_->file.get(), object.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT), object);
  return info.type == H5O_TYPE_GROUP;
}

Hdf5Handle Hdf5Reader::Impl::open(const std::string& object, H5O_type_t type) const {
  if (!has(object)) refuse(object, "is missing");
  H5O_info_t info{};
  checked(H5Oget_info_by_name2(file.get(), object.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT), object);
  if (type != H5O_TYPE_UNKNOWN && info.type != type) {
    refuse(object, type == H5O_TYPE_DATASET ? "is not a dataset" : "is not a group");
  }
  return checked(Hdf5Handle(H5Oopen(file.get(), object.c_str(), H5P_DEFAULT), H5Oclose), object);
}

void Hdf5Reader::Impl::check_storage(hid_t dataset, const std::string& name, std::size_t element_bytes,
                                     double declared_bytes) const {
  const Hdf5Handle creation = checked(Hdf5Handle(H5Dget_create_plist(dataset), H5Pclose), name);
  const H5D_layout_t layout = checked(H5Pget_layout(creation.get()), name);
  if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT) {
    refuse(name, "is a virtual dataset, which is refused");
  }
  if (checked(H5Pget_external_count(creation.get()), name) > 0)
    refuse(name, "is stored in another file, which is refused");
  const int filters = checked(H5Pget_nfilters(creation.get()), name);
  for (int f = 0; f < filters; ++f) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = checked(
        H5Pget_filter2(creation.get(), static_cast<unsigned>(f), &flags, &values, nullptr, 0, nullptr, nullptr), name);
    if (std::ranges::find(built_in_filters, filter) == built_in_filters.end()) {
      refuse(name, fmt::format("needs filter {}, which is not one of HDF5's own", filter));
    }
  }
  const auto stored_bytes = static_cast<double>(H5Dget_storage_size(dataset));
  const double packing = layout == H5D_CHUNKED ? largest_packing : 1;
  if (declared_bytes > packing * stored_bytes || stored_bytes > static_cast<double>(version.bytes)) {
    refuse(name, fmt::format("claims {:.0f} bytes of data, of which the file does not hold enough", declared_bytes));
  }
  if (layout == H5D_CHUNKED && declared_bytes > 0) {
    // HDF5 makes room for a whole chunk, however few rows the dataset has.
    std::array<hsize_t, H5S_MAX_RANK> extents{};
    const int dimensions = checked(H5Pget_chunk(creation.get(), H5S_MAX_RANK, extents.data()), name);
    auto chunk_bytes = static_cast<double>(element_bytes);
    for (int d = 0; d < dimensions; ++d) chunk_bytes *= static_cast<double>(extents[static_cast<std::size_t>(d)]);
    if (chunk_bytes > packing * stored_bytes) {
      refuse(name, fmt::format("claims chunks of {:.0f} bytes, of which the file does not hold enough", chunk_bytes));
    }
  }
  if (layout == H5D_CONTIGUOUS && declared_bytes > 0 &&
      static_cast<double>(H5Dget_offset(dataset)) + declared_bytes > static_cast<double>(version.bytes)) {
    refuse(name, "reaches beyond the end of the file");
  }
}

Hdf5Shape Hdf5Reader::Impl::shape(hid_t dataset, const std::string& name) const {
  Hdf5Shape shape;
  const Hdf5Handle type = checked(Hdf5Handle(H5Dget_type(dataset), H5Tclose), name);
  shape.type = type_text(type.get());
  const auto refuse_type = [&] {
    refuse(name, fmt::format("holds values of type {}, expected numbers or strings", shape.type));
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
  const Hdf5Handle space = checked(Hdf5Handle(H5Dget_space(dataset), H5Sclose), name);
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) refuse(name, "is empty (a null dataspace)");
  const int dimensions = checked(H5Sget_simple_extent_ndims(space.get()), name);
  std::vector<hsize_t> extents(static_cast<std::size_t>(dimensions));
  checked(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr), name);
  auto declared_bytes = static_cast<double>(shape.element_bytes);  // double: a product of hostile extents may overflow
  for (const hsize_t extent : extents) {
    declared_bytes *= static_cast<double>(extent);
    shape.extents.push_back(static_cast<Index>(extent));
    if (extent > static_cast<hsize_t>(INT64_MAX)) refuse(name, "claims more than 2^63 rows");
  }
  check_storage(dataset, name, shape.element_bytes, declared_bytes);
  return shape;
}

Hdf5Shape Hdf5Reader::shape(const std::string& dataset) const {
  return impl_->shape(impl_->open_dataset(dataset).get(), dataset);
}

Hdf5Shape Hdf5Reader::shape(const std::string& dataset, Hdf5Kind kind, std::size_t dimensions) const {
  Hdf5Shape found = shape(dataset);
  if (found.kind != kind) {
    impl_->refuse(dataset, fmt::format("holds {}, expected {}", kind_text(found.kind), kind_text(kind)));
  }
  if (found.extents.size() != dimensions) {
    impl_->refuse(dataset, fmt::format("has {} dimensions, expected {}", found.extents.size(), dimensions));
  }
  return found;
}

void Hdf5Reader::check_rows(const std::string& dataset, Hdf5Element element, RowRange rows) const {
  impl_->check_range(dataset, shape(dataset, kind_of(element), 1), rows);
}

void Hdf5Reader::Impl::read_selected(const std::string& name, RowRange rows, const RowPlace& place) {
  if (rows.size() == 0) return;
  const Hdf5Handle dataset = open_dataset(name);
  const auto found = compared.find(name);
  if (found == compared.end()) return transfer(dataset.get(), name, rows, place);
  for (Index begin = rows.begin; begin < rows.end;) {
    const RowRange part{begin, std::min(found->second.chunk_of(begin).end, rows.end)};
    read_compared(dataset.get(), name, found->second, part, place.after(begin - rows.begin));
    begin = part.end;
  }
}

void Hdf5Reader::Impl::transfer(hid_t dataset, const std::string& name, RowRange rows, const RowPlace& place) const {
  const Hdf5Handle in_file = checked(Hdf5Handle(H5Dget_space(dataset), H5Sclose), name);
  const std::array<hsize_t, 2> start{static_cast<hsize_t>(rows.begin), 0};
  const std::array<hsize_t, 2> count{static_cast<hsize_t>(rows.size()), static_cast<hsize_t>(place.columns)};
  checked(H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr), name);
  const std::array<hsize_t, 2> memory{count[0], static_cast<hsize_t>(place.stride)};
  const std::array<hsize_t, 2> corner{0, static_cast<hsize_t>(place.first_column)};
  const Hdf5Handle in_memory = checked(Hdf5Handle(H5Screate_simple(2, memory.data(), nullptr), H5Sclose), name);
  checked(H5Sselect_hyperslab(in_memory.get(), H5S_SELECT_SET, corner.data(), nullptr, count.data(), nullptr), name);
  checked(H5Dread(dataset, place.type, in_memory.get(), in_file.get(), H5P_DEFAULT, place.out), name);
  check_unchanged();
}

/// `part` is of one chunk. No byte is read twice for it: a chunk that is wanted whole is compared where it will stay,
/// of any other one the bytes are held for who reads the rest.
void Hdf5Reader::Impl::read_compared(hid_t dataset, const std::string& name, ComparedRows& known, RowRange part,
                                     const RowPlace& place) const {
  const Hdf5Handle type = checked(Hdf5Handle(H5Dget_type(dataset), H5Tclose), name);
  const auto value_bytes = static_cast<Index>(H5Tget_size(type.get()));
  const Index row_bytes = value_bytes * place.columns;
  const RowRange chunk = known.chunk_of(part.begin);
  const auto raw = [&](RowRange rows, void* out) {
    transfer(dataset, name, rows, {type.get(), out, place.columns, 0, place.columns});
  };
  if (!known.holds(part.begin)) {
    if (known.is_compared(part.begin)) return transfer(dataset, name, part, place);
    if (part.size() == chunk.size() && place.is_dense() && value_bytes <= place.value_bytes()) {
      raw(chunk, place.out);
      require_intact(name,
                     known.compare(chunk.begin, {place.row(0), static_cast<std::size_t>(chunk.size() * row_bytes)}));
      return convert(name, type.get(), place.type, chunk.size() * place.columns, place.out);
    }
    require_intact(name, known.hold(part.begin, row_bytes, raw));
  }

  // From the held chunk.
  const char* from = known.held().data() + (part.begin - chunk.begin) * row_bytes;
  const Index values = part.size() * place.columns;
  if (place.is_dense() && value_bytes <= place.value_bytes()) {
    std::memcpy(place.out, from, static_cast<std::size_t>(part.size() * row_bytes));
    return convert(name, type.get(), place.type, values, place.out);
  }
  std::vector<char> converted;
  if (checked(H5Tequal(type.get(), place.type), name) == 0) {
    converted.resize(static_cast<std::size_t>(values * std::max(value_bytes, place.value_bytes())));
    std::memcpy(converted.data(), from, static_cast<std::size_t>(part.size() * row_bytes));
    convert(name, type.get(), place.type, values, converted.data());
    from = converted.data();
  }
  const Index copied = place.columns * place.value_bytes();
  for (Index r = 0; r < part.size(); ++r) {
    std::memcpy(place.row(r) + place.first_column * place.value_bytes(), from + r * copied,
                static_cast<std::size_t>(copied));
  }
}

/// Values of the file's type to those of memory, in their place, which has room for either.
void Hdf5Reader::Impl::convert(const std::string& name, hid_t from, hid_t to, Index values, void* place) const {
  if (checked(H5Tequal(from, to), name) > 0) return;
  checked(H5Tconvert(from, to, static_cast<std::size_t>(values), place, nullptr, H5P_DEFAULT), name);
}

void Hdf5Reader::read_into(const std::string& dataset, Hdf5Element element, RowRange rows, void* out, Index stride,
                           Index first_column, Index columns) const {
  impl_->read_selected(dataset, rows, {memory_type(element), out, stride, first_column, columns});
}

void Hdf5Reader::read_matrix(const std::string& dataset, RowRange rows, MatrixView out) const {
  const Hdf5Shape held = shape(dataset);
  if (held.kind != Hdf5Kind::floating || !held.has_columns(out.columns)) {
    impl_->refuse(dataset, fmt::format("does not hold floating-point rows of {} columns", out.columns));
  }
  impl_->check_range(dataset, held, rows);
  read_into(dataset, Hdf5Element::float32, rows, out.data, out.stride, 0, out.columns);
}

void Hdf5Reader::read_numbers(const std::string& dataset, RowRange rows, Index columns, std::span<double> out) const {
  const Hdf5Shape held = shape(dataset);
  if (held.kind == Hdf5Kind::text) impl_->refuse(dataset, fmt::format("holds {} values, expected numbers", held.type));
  if (!held.has_columns(columns)) {
    impl_->refuse(dataset, fmt::format("does not hold rows of {} numbers", columns));
  }
  impl_->check_range(dataset, held, rows);
  if (held.kind == Hdf5Kind::boolean && held.type.starts_with("bits")) {
    // HDF5 itself makes no numbers of bit fields.
    impl_->read_selected(dataset, rows, {H5T_NATIVE_B64, out.data(), columns, 0, columns});
    for (double& value : out) value = static_cast<double>(std::bit_cast<std::uint64_t>(value));
    return;
  }
  read_into(dataset, Hdf5Element::float64, rows, out.data(), columns, 0, columns);
}

std::vector<std::string> Hdf5Reader::read_strings(const std::string& dataset, RowRange rows) const {
  constexpr Index piece_bytes = Index{1} << 26;
  const Hdf5Shape held = shape(dataset, Hdf5Kind::text, 1);
  impl_->check_range(dataset, held, rows);
  if (held.varies) return impl_->read_varying(dataset, rows);
  std::vector<std::string> values;
  values.reserve(static_cast<std::size_t>(rows.size()));
  // Its own type: HDF5 does not convert ASCII to UTF-8, which it is.
  const Hdf5Handle opened = impl_->open_dataset(dataset);
  const Hdf5Handle type = impl_->checked(Hdf5Handle(H5Dget_type(opened.get()), H5Tclose), dataset);
  const H5T_str_t padding = impl_->checked(H5Tget_strpad(type.get()), dataset);
  const Index piece_rows = std::max<Index>(1, piece_bytes / static_cast<Index>(held.element_bytes));
  std::vector<char> piece;
  for (Index first = rows.begin; first < rows.end; first += piece_rows) {
    const RowRange part{first, std::min(first + piece_rows, rows.end)};
    piece.resize(static_cast<std::size_t>(part.size()) * held.element_bytes);
    impl_->read_selected(dataset, part, {type.get(), piece.data(), 1, 0, 1});
    for (std::size_t at = 0; at < piece.size(); at += held.element_bytes) {
      values.push_back(unpadded({piece.data() + at, held.element_bytes}, padding));
    }
  }
  return values;
}

std::vector<std::string> Hdf5Reader::Impl::read_varying(const std::string& name, RowRange rows) const {
  std::string references(static_cast<std::size_t>(rows.size()) * text_reference_bytes, '\0');
  const TextReferences conversion;
  const Hdf5Handle dataset = open_dataset(name);
  // No file of this program holds such texts, so there are no digests to compare with.
  transfer(dataset.get(), name, rows, {conversion.type(), references.data(), 1, 0, 1});
  try {
    return texts_of(dataset.get(), references);
  } catch (const Error& error) {
    refuse(name, error.what());
  }
}

void Hdf5Reader::read_bytes(const std::string& dataset, RowRange rows, std::span<char> out) const {
  const Hdf5Shape held = shape(dataset);
  if (held.extents.size() != 1 && held.extents.size() != 2) {
    impl_->refuse(dataset, fmt::format("has {} dimensions, expected 1 or 2", held.extents.size()));
  }
  impl_->check_range(dataset, held, rows);
  const Hdf5Handle type =
      impl_->checked(Hdf5Handle(H5Dget_type(impl_->open_dataset(dataset).get()), H5Tclose), dataset);
  const Index columns = held.extents.size() == 2 ? held.extents[1] : 1;
  impl_->read_selected(dataset, rows, {type.get(), out.data(), columns, 0, columns});
}

Hdf5Handle Hdf5Reader::Impl::owner_of_attributes(const std::string& object) const {
  return open(object, H5O_TYPE_UNKNOWN);
}

bool Hdf5Reader::has_attribute(const std::string& object, const std::string& name) const {
  const Hdf5Handle owner = impl_->owner_of_attributes(object);
  return impl_->checked(H5Aexists(owner.get(), name.c_str()), object) > 0;
}

Hdf5Handle Hdf5Reader::Impl::open_attribute(const std::string& object, const std::string& name, H5T_class_t type_class,
                                            hsize_t& size) const {
  const std::string label = fmt::format("attribute {} of {}", name, object);
  const Hdf5Handle owner = owner_of_attributes(object);
  if (checked(H5Aexists(owner.get(), name.c_str()), label) == 0) refuse(label, "is missing");
  Hdf5Handle attribute = checked(Hdf5Handle(H5Aopen(owner.get(), name.c_str(), H5P_DEFAULT), H5Aclose), label);
  const Hdf5Handle type = checked(Hdf5Handle(H5Aget_type(attribute.get()), H5Tclose), label);
  if (H5Tget_class(type.get()) != type_class) refuse(label, "is not of the expected type");
  const Hdf5Handle space = checked(Hdf5Handle(H5Aget_space(attribute.get()), H5Sclose), label);
  size = static_cast<hsize_t>(checked(H5Sget_simple_extent_npoints(space.get()), label));
  if (size > attribute_values) refuse(label, fmt::format("holds {} values", size));
  return attribute;
}

void Hdf5Reader::Impl::read_value(const std::string& object, const std::string& name, H5T_class_t type_class,
                                  hid_t type, void* value) const {
  hsize_t size = 0;
  const Hdf5Handle attribute = open_attribute(object, name, type_class, size);
  const std::string label = fmt::format("attribute {} of {}", name, object);
  if (size != 1) refuse(label, fmt::format("holds {} values, expected one", size));
  checked(H5Aread(attribute.get(), type, value), label);
}

std::int64_t Hdf5Reader::read_integer(const std::string& object, const std::string& name) const {
  std::int64_t value = 0;
  impl_->read_value(object, name, H5T_INTEGER, H5T_NATIVE_INT64, &value);
  return value;
}

std::uint64_t Hdf5Reader::read_unsigned(const std::string& object, const std::string& name) const {
  std::uint64_t value = 0;
  impl_->read_value(object, name, H5T_INTEGER, H5T_NATIVE_UINT64, &value);
  return value;
}

double Hdf5Reader::read_number(const std::string& object, const std::string& name) const {
  double value = 0;
  impl_->read_value(object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, &value);
  return value;
}

std::string Hdf5Reader::read_text(const std::string& object, const std::string& name) const {
  hsize_t size = 0;
  const Hdf5Handle attribute = impl_->open_attribute(object, name, H5T_STRING, size);
  const std::string label = fmt::format("attribute {} of {}", name, object);
  if (size != 1) impl_->refuse(label, fmt::format("holds {} values, expected one", size));
  try {
    return decoded_text(read_texts(attribute.get(), most_text_bytes).front());
  } catch (const Error& error) {
    impl_->refuse(label, error.what());
  }
}

std::vector<std::int64_t> Hdf5Reader::read_integers(const std::string& object, const std::string& name) const {
  hsize_t size = 0;
  const Hdf5Handle attribute = impl_->open_attribute(object, name, H5T_INTEGER, size);
  std::vector<std::int64_t> values(size);
  impl_->checked(H5Aread(attribute.get(), H5T_NATIVE_INT64, values.data()), name);
  return values;
}

}  // namespace rankwise
