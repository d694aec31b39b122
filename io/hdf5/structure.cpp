#include "io/hdf5/structure.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <fmt/format.h>

#include "io/hdf5/library/handle.hpp"
#include "io/hdf5/library/image_driver.hpp"
#include "io/hdf5/row_chunks.hpp"
#include "io/hdf5/row_digests.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

// Files are little-endian, and rows are written as they lie in memory.
static_assert(std::endian::native == std::endian::little);

// Large objects begin on a page of the file system.
constexpr hsize_t alignment_bytes = 4096;
// Links and attributes stay in their object's header, however many. In the heaps that HDF5 would move them to (beyond
// 8), version 1.10 frees links twice where it meets damage.
constexpr unsigned most_in_header = 10'000;

/// The type of an attribute's values, and the values where HDF5 wants them.
struct EncodedAttribute {
  Hdf5Handle type;
  Hdf5Handle space;
  const void* values = nullptr;
};

Hdf5Handle copied(hid_t type) {
  return {H5Tcopy(type), H5Tclose};
}

Hdf5Handle scalar() {
  return {H5Screate(H5S_SCALAR), H5Sclose};
}

/// `texts` is the place of pointers to texts.
EncodedAttribute encode(const AttributeValue& value, std::vector<const char*>& texts) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return {copied(H5T_STD_I64LE), scalar(), integer};
  if (const auto* natural = std::get_if<std::uint64_t>(&value)) return {copied(H5T_STD_U64LE), scalar(), natural};
  if (const auto* number = std::get_if<double>(&value)) return {copied(H5T_IEEE_F64LE), scalar(), number};
  if (const auto* truth = std::get_if<bool>(&value)) return {boolean_type(), scalar(), truth};
  if (const auto* words = std::get_if<std::string>(&value)) {
    texts = {words->c_str()};
    return {text_type(), scalar(), texts.data()};  // variable length: h5py shows those as str, fixed ones as bytes
  }
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& words : *list) texts.push_back(words.c_str());
    const hsize_t size = texts.size();
    return {text_type(), {H5Screate_simple(1, &size, nullptr), H5Sclose}, texts.data()};
  }
  const auto& list = std::get<std::vector<std::int64_t>>(value);
  const hsize_t size = list.size();
  return {copied(H5T_STD_I64LE), {H5Screate_simple(1, &size, nullptr), H5Sclose}, list.data()};
}

}  // namespace

std::size_t Hdf5RowFormat::element_bytes() const {
  return string_bytes > 0 ? string_bytes : rankwise::element_bytes(element);
}

Index Hdf5RowFormat::row_bytes() const {
  return std::max<Index>(columns, 1) * static_cast<Index>(element_bytes());
}

struct Hdf5Structure::Impl {
  ImageTarget target;  // outlives the file
  Hdf5Handle file;
  std::vector<FileObject> objects;  // written so far

  /// Runs HDF5 calls, whose results must not be negative.
  template <class Status>
  Status check(Status status, const std::string& object) const {
    if (status < 0) {
      throw Error(ExitCode::internal, fmt::format("HDF5 cannot make {}: {}", object, hdf5_reason()));
    }
    return status;
  }
  Hdf5Handle check(Hdf5Handle handle, const std::string& object) const {
    check(handle.get(), object);
    return handle;
  }
  void create_file();
  [[nodiscard]] bool has(const std::string& name) const {
    return std::ranges::find(objects, name, &FileObject::path) != objects.end();
  }
  FileObject& note_object(const std::string& name, FileObject::Kind kind) {
    FileObject& object = objects.emplace_back();
    object.path = name;
    object.kind = kind;
    return object;
  }
  /// Made as `creation` says.
  [[nodiscard]] Hdf5Handle create_dataset(const std::string& name, const Hdf5RowFormat& format, Index rows,
                                          const Hdf5Handle& creation);
  /// In one piece, whose place is taken at once; returns its first byte.
  [[nodiscard]] Index create_contiguous(const std::string& name, const Hdf5RowFormat& format, Index rows);
  /// Attributes, and no times.
  void keep_in_header(const Hdf5Handle& creation, const std::string& name) const {
    check(H5Pset_obj_track_times(creation.get(), false), name);
    check(H5Pset_attr_phase_change(creation.get(), most_in_header, 0), name);
  }
  /// Nothing is filled, as every value is written later.
  [[nodiscard]] Hdf5Handle dataset_creation(const std::string& name) const {
    Hdf5Handle creation = check(Hdf5Handle(H5Pcreate(H5P_DATASET_CREATE), H5Pclose), name);
    keep_in_header(creation, name);
    check(H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER), name);
    return creation;
  }
};

/// The newest format, whose metadata carries checksums.
void Hdf5Structure::Impl::create_file() {
  const Hdf5Handle access = check(image_access(target), "/");
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST), "/");
  check(H5Pset_alignment(access.get(), alignment_bytes, alignment_bytes), "/");
  const Hdf5Handle creation = check(Hdf5Handle(H5Pcreate(H5P_FILE_CREATE), H5Pclose), "/");
  keep_in_header(creation, "/");
  check(H5Pset_link_phase_change(creation.get(), most_in_header, 0), "/");
  file = check(Hdf5Handle(H5Fcreate("image", H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose), "/");
}

Hdf5Structure::Hdf5Structure() : impl_(std::make_unique<Impl>()) {
  silence_hdf5();
  impl_->note_object("/", FileObject::Kind::group);
  impl_->create_file();
}

Hdf5Structure::~Hdf5Structure() = default;

void Hdf5Structure::create_group(const std::string& name) {
  const Hdf5Handle creation = impl_->check(Hdf5Handle(H5Pcreate(H5P_GROUP_CREATE), H5Pclose), name);
  impl_->keep_in_header(creation, name);
  impl_->check(H5Pset_link_phase_change(creation.get(), most_in_header, 0), name);
  const Hdf5Handle group(H5Gcreate2(impl_->file.get(), name.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                         H5Gclose);
  impl_->check(group.get(), name);
  impl_->note_object(name, FileObject::Kind::group);
}

Hdf5Handle Hdf5Structure::Impl::create_dataset(const std::string& name, const Hdf5RowFormat& format, Index rows,
                                               const Hdf5Handle& creation) {
  const int dimensions = format.columns > 0 ? 2 : 1;
  const std::array<hsize_t, 2> extents{static_cast<hsize_t>(rows), static_cast<hsize_t>(format.columns)};
  const Hdf5Handle space = check(Hdf5Handle(H5Screate_simple(dimensions, extents.data(), nullptr), H5Sclose), name);
  const Hdf5Handle type =
      check(format.string_bytes > 0 ? fixed_string_type(format.string_bytes) : copied(file_type(format.element)), name);
  Hdf5Handle dataset = check(Hdf5Handle(H5Dcreate2(file.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT,
                                                   creation.get(), H5P_DEFAULT),
                                        H5Dclose),
                             name);
  FileObject& noted = note_object(name, FileObject::Kind::dataset);
  noted.type = type_text(type.get());
  noted.shape.push_back(rows);
  if (format.columns > 0) noted.shape.push_back(format.columns);
  return dataset;
}

Index Hdf5Structure::Impl::create_contiguous(const std::string& name, const Hdf5RowFormat& format, Index rows) {
  const Hdf5Handle creation = dataset_creation(name);
  check(H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY), name);
  const Hdf5Handle dataset = create_dataset(name, format, rows, creation);
  if (rows == 0) return 0;  // it has no place
  const haddr_t begin = H5Dget_offset(dataset.get());
  if (begin == HADDR_UNDEF) check(hid_t{-1}, name);
  return static_cast<Index>(begin);
}

Index Hdf5Structure::create_dataset(const std::string& name, const Hdf5RowFormat& format, Index rows) {
  return impl_->create_contiguous(name, format, rows);
}

std::vector<Index> Hdf5Structure::create_packed_dataset(const std::string& name, const Hdf5RowFormat& format,
                                                        Index rows, int deflate_level,
                                                        std::span<const Index> packed_bytes) {
  const auto check = [&](auto&& result) { return impl_->check(std::forward<decltype(result)>(result), name); };
  const Hdf5Handle creation = impl_->dataset_creation(name);
  const auto rows_of_chunk = static_cast<hsize_t>(std::min(rows, rows_per_chunk(format.row_bytes())));
  const std::array<hsize_t, 2> chunk{rows_of_chunk, static_cast<hsize_t>(format.columns)};
  check(H5Pset_chunk(creation.get(), format.columns > 0 ? 2 : 1, chunk.data()));
  check(H5Pset_shuffle(creation.get()));
  check(H5Pset_deflate(creation.get(), static_cast<unsigned>(deflate_level)));
  const Hdf5Handle dataset = impl_->create_dataset(name, format, rows, creation);

  // HDF5 finds a place for each chunk. Asking for it afterwards (H5Dget_chunk_info_by_coord) takes HDF5 1.10 a walk
  // over all chunks: 14 s for 16,000.
  Index most_bytes = 1;
  for (const Index bytes : packed_bytes) most_bytes = std::max(most_bytes, bytes);
  const std::vector<char> placeholder(static_cast<std::size_t>(most_bytes));
  ImageTarget& target = impl_->target;
  target.placeholder = placeholder.data();
  std::vector<Index> places;
  for (const Index bytes : packed_bytes) {
    const std::array<hsize_t, 2> first{places.size() * rows_of_chunk, 0};
    target.placeholder_place.reset();
    check(H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, 0, first.data(), static_cast<std::size_t>(bytes),
                         placeholder.data()));
    if (!target.placeholder_place) check(hid_t{-1});
    places.push_back(*target.placeholder_place);
  }
  target.placeholder = nullptr;
  return places;
}

void Hdf5Structure::write_attribute(const std::string& object, const std::string& name, const AttributeValue& value) {
  const std::string label = fmt::format("attribute {} of {}", name, object);
  const auto check = [&](auto&& result) { return impl_->check(std::forward<decltype(result)>(result), label); };
  const Hdf5Handle owner = check(Hdf5Handle(H5Oopen(impl_->file.get(), object.c_str(), H5P_DEFAULT), H5Oclose));
  std::vector<const char*> texts;
  const EncodedAttribute encoded = encode(value, texts);
  const Hdf5Handle attribute = check(Hdf5Handle(
      H5Acreate2(owner.get(), name.c_str(), encoded.type.get(), encoded.space.get(), H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose));
  if (H5Sget_simple_extent_npoints(encoded.space.get()) > 0) {
    check(H5Awrite(attribute.get(), encoded.type.get(), encoded.values));
  }
  std::ranges::find(impl_->objects, object, &FileObject::path)
      ->attributes.push_back({name, type_text(encoded.type.get()), value});
}

FileImage Hdf5Structure::finish(const std::vector<DigestTable>& tables) {
  create_group(digests_group);
  for (const DigestTable& table : tables) {
    // The groups that hold the dataset, mirrored.
    const std::string name = digest_table_name(table.dataset);
    for (std::size_t end = digests_group.size(); (end = name.find('/', end + 1)) != std::string::npos;) {
      const std::string group = name.substr(0, end);
      if (!impl_->has(group)) create_group(group);
    }
    const std::vector<std::uint64_t>& digests = table.digests;
    const Index place = impl_->create_contiguous(name, {.element = Hdf5Element::uint64}, std::ssize(digests));
    impl_->target.image.write(place,
                              {reinterpret_cast<const char*>(digests.data()), digests.size() * sizeof(digests[0])});
    write_attribute(name, digest_rows_attribute, static_cast<std::int64_t>(table.chunk_rows));
  }
  write_attribute("/", metadata_digest_attribute, metadata_digest(impl_->objects, tables));

  impl_->check(impl_->file.reset(), "/");
  return std::move(impl_->target.image);
}

}  // namespace rankwise
