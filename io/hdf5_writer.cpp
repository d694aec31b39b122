#include "io/hdf5_writer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <vector>

#include "io/divert_writes.hpp"
#include "io/hdf5_handle.hpp"
#include "io/metadata_digest.hpp"
#include "io/row_digests.hpp"
#include "kernels/error.hpp"

namespace rankwise {

namespace {

// Large objects begin on a page of the file system.
constexpr hsize_t page_bytes = 4096;
// Room for headers, attributes and padding beside the data.
constexpr Index metadata_bytes = Index{1} << 20;
// A digest has 8 bytes, the chunk that it is of at least half a MiB where there are several.
constexpr Index bytes_per_digest_byte = Index{1} << 16;

/// An HDF5 call's result that must not be negative.
template <class Status>
Status checked(Status status, const std::string& path, const std::string& object) {
  if (status < 0) throw Error(ExitCode::io_error, fmt::format("{}: cannot write {}: {}", path, object, hdf5_reason()));
  return status;
}

Hdf5Handle checked(Hdf5Handle handle, const std::string& path, const std::string& object) {
  checked(handle.get(), path, object);
  return handle;
}

/// Parallel access and the newest format, whose metadata carries checksums. Metadata is not written collectively: where
/// the pieces of a collective write leave gaps beyond the end of the file, Open MPI 4.1 fills them with what its memory
/// held.
Hdf5Handle create_file(const Communicator& comm, const OutputFile& output) {
  const auto check = [&](auto&& status) { return checked(std::forward<decltype(status)>(status), output.path(), "/"); };
  const Hdf5Handle access = check(Hdf5Handle(H5Pcreate(H5P_FILE_ACCESS), H5Pclose));
  check(H5Pset_fapl_mpio(access.get(), comm.handle(), MPI_INFO_NULL));
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
  check(H5Pset_coll_metadata_write(access.get(), false));
  check(H5Pset_alignment(access.get(), page_bytes, page_bytes));
  const Hdf5Handle creation = check(Hdf5Handle(H5Pcreate(H5P_FILE_CREATE), H5Pclose));
  check(H5Pset_obj_track_times(creation.get(), false));
  return check(
      Hdf5Handle(H5Fcreate(output.temporary_path().c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose));
}

/// A dataset in the making.
struct Dataset {
  Hdf5Handle type;
  Hdf5Handle dataset;
};

/// All ranks call together, each writes its own contiguous piece: gathering them on fewer ranks first (two-phase I/O)
/// gains nothing and fills the gaps between pieces as above.
Hdf5Handle individual_transfer(const std::string& path, const std::string& name) {
  Hdf5Handle transfer = checked(Hdf5Handle(H5Pcreate(H5P_DATASET_XFER), H5Pclose), path, name);
  checked(H5Pset_dxpl_mpio(transfer.get(), H5FD_MPIO_COLLECTIVE), path, name);
  checked(H5Pset_dxpl_mpio_collective_opt(transfer.get(), H5FD_MPIO_INDIVIDUAL_IO), path, name);
  return transfer;
}

}  // namespace

struct Hdf5Writer::Impl {
  const Communicator& comm;
  Hdf5WriterOptions options;
  std::unique_ptr<OutputFile> output;  // outlives the file: HDF5 closes before the temporary file goes
  Hdf5Handle file;
  std::vector<FileObject> objects;  // written so far
  std::vector<DigestTable> tables;  // of the datasets

  ~Impl() {
    // A file that was not finished: HDF5 does not survive to close one into which it cannot write.
    if (file) divert_writes(output->temporary_path());
  }

  /// Runs one step of HDF5 calls, which every rank makes alike, and agrees on its outcome.
  template <class Step>
  auto together(Step&& step) const {
    return agree_on(comm, std::forward<Step>(step));
  }
  template <class Result>
  auto check(Result&& result, const std::string& object) const {
    return checked(std::forward<Result>(result), output->path(), object);
  }
  void write_attribute(const std::string& object, const std::string& name, hid_t type_in_file, hid_t type_in_memory,
                       hid_t space, const void* value) const;
  /// Parallel HDF5 allocates at once; nothing is filled, as every value is written later.
  [[nodiscard]] Dataset create_dataset(const std::string& name, const RowFormat& format, Index total_rows);
  FileObject& note_object(const std::string& name, FileObject::Kind kind) {
    FileObject& object = objects.emplace_back();
    object.path = name;
    object.kind = kind;
    return object;
  }
  void note_attribute(const std::string& object, FileAttribute attribute) {
    std::ranges::find(objects, object, &FileObject::path)->attributes.push_back(std::move(attribute));
  }
};

Hdf5Writer::Hdf5Writer(const Communicator& comm, const std::string& path, Index expected_bytes,
                       Hdf5WriterOptions options)
    : impl_(new Impl{comm, options, std::make_unique<OutputFile>(comm, path), {}, {}, {}}) {
  silence_hdf5();
  impl_->note_object("/", FileObject::Kind::group);
  impl_->file = impl_->together([&] { return create_file(comm, *impl_->output); });
  impl_->output->reserve(expected_bytes + expected_bytes / bytes_per_digest_byte + metadata_bytes);
}

Hdf5Writer::~Hdf5Writer() = default;

void Hdf5Writer::create_group(const std::string& name) {
  impl_->together([&] {
    const Hdf5Handle creation = impl_->check(Hdf5Handle(H5Pcreate(H5P_GROUP_CREATE), H5Pclose), name);
    impl_->check(H5Pset_obj_track_times(creation.get(), false), name);
    const Hdf5Handle group(H5Gcreate2(impl_->file.get(), name.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                           H5Gclose);
    impl_->check(group.get(), name);
  });
  impl_->note_object(name, FileObject::Kind::group);
}

void Hdf5Writer::write_matrix(const std::string& name, Index total_rows, RowRange mine, ConstMatrixView matrix) {
  const auto columns = static_cast<std::size_t>(matrix.columns);
  std::unique_ptr<float[]> piece;
  write_pieces(name, {.element = Hdf5Element::float32, .columns = matrix.columns}, total_rows, mine,
               [&](RowRange rows) -> const void* {
                 if (!piece) {
                   piece = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(rows.size()) * columns);
                 }
                 float* out = piece.get();
                 for (Index r = rows.begin; r < rows.end; ++r, out += columns) {
                   std::copy_n(matrix.row(r - mine.begin), columns, out);
                 }
                 return piece.get();
               });
}

void Hdf5Writer::write_strings(const std::string& name, Index total_rows, RowRange mine,
                               std::span<const std::string> values) {
  Index longest = 1;
  agree_on(impl_->comm, [&] {
    for (std::size_t i = 0; i < values.size(); ++i) {
      longest = std::max(longest, static_cast<Index>(values[i].size()));
      if (values[i].find('\0') != std::string::npos) {
        throw Error(ExitCode::bad_data, fmt::format("{}: {}: the text of row {} holds a NUL character",
                                                    impl_->output->path(), name, mine.begin + static_cast<Index>(i)));
      }
    }
  });
  const auto bytes = static_cast<std::size_t>(impl_->comm.max(longest));
  std::vector<char> piece;
  write_pieces(name, {.string_bytes = bytes}, total_rows, mine, [&](RowRange rows) -> const void* {
    piece.assign(static_cast<std::size_t>(rows.size()) * bytes, '\0');
    char* out = piece.data();
    for (Index r = rows.begin; r < rows.end; ++r, out += bytes) {
      const std::string& value = values[static_cast<std::size_t>(r - mine.begin)];
      std::memcpy(out, value.data(), value.size());
    }
    return piece.data();
  });
}

Index Hdf5Writer::RowFormat::row_bytes() const {
  const auto width = static_cast<std::size_t>(columns > 0 ? columns : 1);
  return static_cast<Index>(width * (string_bytes > 0 ? string_bytes : element_bytes(element)));
}

void Hdf5Writer::write_pieces(const std::string& name, const RowFormat& format, Index total_rows, RowRange mine,
                              const PieceSource& source) {
  require_contiguous(name, total_rows, mine);
  const Index row_bytes = format.row_bytes();
  RowDigests digests(mine, row_bytes);
  write_dataset(name, format, total_rows, mine, [&](RowRange rows) -> const void* {
    const void* values = source(rows);
    digests.add(values, rows.size());
    return values;
  });
  impl_->tables.push_back({name, digest_chunk_rows(row_bytes), digests.finish(impl_->comm)});
}

void Hdf5Writer::require_contiguous(const std::string& name, Index total_rows, RowRange mine) const {
  const Communicator& comm = impl_->comm;
  const Index begin = comm.exclusive_sum(mine.size());
  const Index total = comm.sum(mine.size());
  agree_on(comm, [&] {
    if (mine.size() > 0 && (mine.begin != begin || total != total_rows)) {
      throw Error(ExitCode::internal,
                  fmt::format("{}: ranks hold {} of {} rows, and rank {} rows from {} instead of {}", name, total,
                              total_rows, comm.rank(), mine.begin, begin));
    }
  });
}

Index Hdf5Writer::lay_out_matrix(const std::string& name, Index total_rows, RowRange mine, ConstMatrixView matrix) {
  require_contiguous(name, total_rows, mine);
  const RowFormat format{.element = Hdf5Element::float32, .columns = matrix.columns};
  const Index row_bytes = format.row_bytes();
  const Index first_byte = impl_->together([&] {
    const Hdf5Handle dataset = impl_->create_dataset(name, format, total_rows).dataset;
    const haddr_t begin = H5Dget_offset(dataset.get());
    // A dataset without rows has no place.
    if (begin == HADDR_UNDEF && total_rows > 0) impl_->check(hid_t{-1}, name);
    return static_cast<Index>(begin) + mine.begin * row_bytes;
  });
  RowDigests digests(mine, row_bytes);
  if (matrix.columns == matrix.stride) {
    digests.add(matrix.data, matrix.rows);
  } else {
    for (Index r = 0; r < matrix.rows; ++r) digests.add(matrix.row(r), 1);
  }
  impl_->tables.push_back({name, digest_chunk_rows(row_bytes), digests.finish(impl_->comm)});
  return first_byte;
}

Dataset Hdf5Writer::Impl::create_dataset(const std::string& name, const RowFormat& format, Index total_rows) {
  const auto check_for = [&](auto&& result) { return check(std::forward<decltype(result)>(result), name); };
  const Hdf5Handle creation = check_for(Hdf5Handle(H5Pcreate(H5P_DATASET_CREATE), H5Pclose));
  check_for(H5Pset_obj_track_times(creation.get(), false));
  check_for(H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER));
  check_for(H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY));
  const int dimensions = format.columns > 0 ? 2 : 1;
  const std::array<hsize_t, 2> extents{static_cast<hsize_t>(total_rows), static_cast<hsize_t>(format.columns)};
  const Hdf5Handle space = check_for(Hdf5Handle(H5Screate_simple(dimensions, extents.data(), nullptr), H5Sclose));
  Dataset made;
  made.type = check_for(format.string_bytes > 0 ? fixed_string_type(format.string_bytes)
                                                : Hdf5Handle(H5Tcopy(file_type(format.element)), H5Tclose));
  made.dataset = check_for(Hdf5Handle(
      H5Dcreate2(file.get(), name.c_str(), made.type.get(), space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
      H5Dclose));
  FileObject& noted = note_object(name, FileObject::Kind::dataset);
  noted.type = type_text(made.type.get());
  noted.shape.push_back(total_rows);
  if (format.columns > 0) noted.shape.push_back(format.columns);
  return made;
}

void Hdf5Writer::write_dataset(const std::string& name, const RowFormat& format, Index total_rows, RowRange mine,
                               const PieceSource& source) {
  const Communicator& comm = impl_->comm;

  // 1. The dataset.
  const auto width = static_cast<hsize_t>(std::max<Index>(format.columns, 1));
  const int dimensions = format.columns > 0 ? 2 : 1;
  const Dataset target = impl_->together([&] { return impl_->create_dataset(name, format, total_rows); });
  const Hdf5Handle transfer = impl_->together([&] { return individual_transfer(impl_->output->path(), name); });

  // 2. The rows, in as many rounds as the rank with the most rows needs: a write is collective.
  const hid_t type_in_memory = format.string_bytes > 0 ? target.type.get() : memory_type(format.element);
  const Index piece_rows = std::max<Index>(1, impl_->options.piece_bytes / format.row_bytes());
  const Index rounds = comm.max((mine.size() + piece_rows - 1) / piece_rows);
  for (Index round = 0; round < rounds; ++round) {
    const Index first = std::min(mine.begin + round * piece_rows, mine.end);
    const RowRange rows{first, std::min(first + piece_rows, mine.end)};
    const void* values = nullptr;
    agree_on(comm, [&] {
      if (rows.size() > 0) values = source(rows);
    });
    impl_->together([&] {
      const auto check = [&](auto&& result) { return impl_->check(std::forward<decltype(result)>(result), name); };
      const std::array<hsize_t, 2> start{static_cast<hsize_t>(rows.begin), 0};
      const std::array<hsize_t, 2> count{static_cast<hsize_t>(rows.size()), width};
      const Hdf5Handle in_file = check(Hdf5Handle(H5Dget_space(target.dataset.get()), H5Sclose));
      const Hdf5Handle in_memory = check(Hdf5Handle(H5Screate_simple(dimensions, count.data(), nullptr), H5Sclose));
      if (rows.size() > 0) {
        check(H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr));
      } else {
        check(H5Sselect_none(in_file.get()));
        check(H5Sselect_none(in_memory.get()));
      }
      check(H5Dwrite(target.dataset.get(), type_in_memory, in_memory.get(), in_file.get(), transfer.get(), values));
    });
  }
}

void Hdf5Writer::Impl::write_attribute(const std::string& object, const std::string& name, hid_t type_in_file,
                                       hid_t type_in_memory, hid_t space, const void* value) const {
  const std::string label = fmt::format("attribute {} of {}", name, object);
  const Hdf5Handle owner = check(Hdf5Handle(H5Oopen(file.get(), object.c_str(), H5P_DEFAULT), H5Oclose), label);
  const Hdf5Handle attribute =
      check(Hdf5Handle(H5Acreate2(owner.get(), name.c_str(), type_in_file, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose),
            label);
  check(H5Awrite(attribute.get(), type_in_memory, value), label);
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name, std::int64_t value) {
  impl_->together([&] {
    const Hdf5Handle scalar(H5Screate(H5S_SCALAR), H5Sclose);
    impl_->write_attribute(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, scalar.get(), &value);
  });
  impl_->note_attribute(object, {name, type_text(H5T_STD_I64LE), value});
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name, std::uint64_t value) {
  impl_->together([&] {
    const Hdf5Handle scalar(H5Screate(H5S_SCALAR), H5Sclose);
    impl_->write_attribute(object, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, scalar.get(), &value);
  });
  impl_->note_attribute(object, {name, type_text(H5T_STD_U64LE), value});
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name, double value) {
  impl_->together([&] {
    const Hdf5Handle scalar(H5Screate(H5S_SCALAR), H5Sclose);
    impl_->write_attribute(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, scalar.get(), &value);
  });
  impl_->note_attribute(object, {name, type_text(H5T_IEEE_F64LE), value});
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name, std::string_view value) {
  const std::string text(value.substr(0, value.find('\0')));
  impl_->together([&] {
    const char* pointer = text.c_str();
    const Hdf5Handle scalar(H5Screate(H5S_SCALAR), H5Sclose);
    const Hdf5Handle type = text_type();  // variable length: h5py shows those as str, fixed ones as bytes
    impl_->write_attribute(object, name, type.get(), type.get(), scalar.get(), &pointer);
  });
  impl_->note_attribute(object, {name, type_text(text_type().get()), text});
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name,
                                 std::span<const std::int64_t> values) {
  impl_->together([&] {
    const hsize_t size = values.size();
    const Hdf5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
    impl_->write_attribute(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, space.get(), values.data());
  });
  impl_->note_attribute(object, {name, type_text(H5T_STD_I64LE), std::vector(values.begin(), values.end())});
}

void Hdf5Writer::write_digests() {
  create_group(digests_group);
  for (const DigestTable& table : impl_->tables) {
    // The groups that hold the dataset, mirrored.
    const std::string name = digest_table_name(table.dataset);
    for (std::size_t end = digests_group.size(); (end = name.find('/', end + 1)) != std::string::npos;) {
      const std::string group = name.substr(0, end);
      if (std::ranges::find(impl_->objects, group, &FileObject::path) == impl_->objects.end()) create_group(group);
    }
    const auto size = static_cast<Index>(table.digests.size());
    const RowRange mine = impl_->comm.is_root() ? RowRange{0, size} : RowRange{size, size};
    write_dataset(name, number_format(Hdf5Element::uint64), size, mine,
                  [&](RowRange rows) { return table.digests.data() + rows.begin; });
    write_attribute(name, digest_rows_attribute, static_cast<std::int64_t>(table.chunk_rows));
  }
  write_attribute("/", metadata_digest_attribute, metadata_digest(impl_->objects, impl_->tables));
}

std::unique_ptr<OutputFile> Hdf5Writer::close() {
  write_digests();
  impl_->together([&] { impl_->check(impl_->file.reset(), "/"); });
  return std::move(impl_->output);
}

void Hdf5Writer::commit() {
  close()->commit();
}

}  // namespace rankwise
