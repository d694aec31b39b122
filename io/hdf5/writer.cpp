#include "io/hdf5/writer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "io/hdf5/library/deflate.hpp"
#include "io/hdf5/metadata_digest.hpp"
#include "io/hdf5/row_chunks.hpp"
#include "io/hdf5/row_digests.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

constexpr Index page_bytes = 4096;
// Room for headers, attributes and padding beside the data.
constexpr Index metadata_bytes = Index{1} << 20;
// A digest has 8 bytes, the chunk that it is of at least half a MiB where there are several.
constexpr Index bytes_per_digest_byte = Index{1} << 16;

}  // namespace

struct Hdf5Writer::Impl {
  const Communicator& comm;
  Hdf5WriterOptions options;
  std::unique_ptr<OutputFile> output;
  std::optional<Hdf5Structure> structure;  // of the root
  FileDescriptor file;
  std::vector<DigestTable> tables;  // of the datasets

  [[nodiscard]] Error cannot_write() const {
    return {ExitCode::io_error,
            fmt::format("{}: cannot write: {}", output->path(), std::generic_category().message(errno))};
  }
  /// Runs a step on the root, and agrees on its outcome.
  template <class Step>
  void on_root(Step&& step) {
    agree_on(comm, [&] {
      if (comm.is_root()) step(*structure);
    });
  }
  /// Returns where this rank's first row begins in the file.
  Index create_dataset(const std::string& name, const Hdf5RowFormat& format, Index total_rows, RowRange mine) {
    Index begin = 0;
    on_root([&](Hdf5Structure& outline) { begin = outline.create_dataset(name, format, total_rows); });
    return comm.max(begin) + mine.begin * format.row_bytes();
  }
  /// All but the rows.
  void write_image(const FileImage& image) const {
    for (const auto& [first_byte, bytes] : image.pieces()) write_at(output->path(), file.get(), bytes, first_byte);
    if (ftruncate(file.get(), image.size_bytes) != 0) throw cannot_write();
  }
  /// Calls `take` with the pieces of `mine`.
  void for_each_piece(RowRange mine, Index row_bytes, const PieceSource& source,
                      const std::function<void(RowRange rows, const void* values)>& take) const {
    const Index piece_rows = std::max<Index>(1, options.piece_bytes / row_bytes);
    for (Index first = mine.begin; first < mine.end; first += piece_rows) {
      const RowRange rows{first, std::min(first + piece_rows, mine.end)};
      take(rows, source(rows));
    }
  }
  void note_digests(const std::string& name, Index row_bytes, const std::vector<std::uint64_t>& digests) {
    // Chunks belong to ranks in order, as rows do.
    tables.push_back(
        {name, rows_per_chunk(row_bytes), comm.all_gather_varied(std::span<const std::uint64_t>(digests)).values});
  }
};

Hdf5Writer::Hdf5Writer(const Communicator& comm, const std::string& path, Index expected_bytes,
                       Hdf5WriterOptions options)
    : impl_(new Impl{comm, options, std::make_unique<OutputFile>(comm, path), {}, {}, {}}) {
  OutputFile& output = *impl_->output;
  const Index row_bytes = options.deflate_level == 0 ? expected_bytes : 0;  // packed rows are secured once they are
  output.reserve(row_bytes + expected_bytes / bytes_per_digest_byte + metadata_bytes);
  agree_on(comm, [&] {
    if (comm.is_root()) impl_->structure.emplace();
    impl_->file = output.open_to_write();
  });
}

Hdf5Writer::~Hdf5Writer() = default;

void Hdf5Writer::create_group(const std::string& name) {
  impl_->on_root([&](Hdf5Structure& outline) { outline.create_group(name); });
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

void Hdf5Writer::write_pieces(const std::string& name, const Hdf5RowFormat& format, Index total_rows, RowRange mine,
                              const PieceSource& source) {
  require_contiguous(name, total_rows, mine);
  // Less than a page is not worth it.
  const bool is_packed = impl_->options.deflate_level > 0 && total_rows * format.row_bytes() >= page_bytes;
  if (is_packed) return write_packed(name, format, total_rows, mine, source);
  write_plain(name, format, total_rows, mine, source);
}

/// Each rank writes its own contiguous piece, without HDF5 and MPI-IO, whose collective writes hang where they fail on
/// some ranks only.
void Hdf5Writer::write_plain(const std::string& name, const Hdf5RowFormat& format, Index total_rows, RowRange mine,
                             const PieceSource& source) {
  const Index row_bytes = format.row_bytes();
  const Index first_byte = impl_->create_dataset(name, format, total_rows, mine);
  std::vector<std::uint64_t> digests;
  RowChunks chunks(mine, row_bytes, [&](std::string_view chunk) { digests.push_back(digest_of(chunk)); });
  agree_on(impl_->comm, [&] {
    impl_->for_each_piece(mine, row_bytes, source, [&](RowRange rows, const void* values) {
      chunks.add(values, rows.size());
      write_at(impl_->output->path(), impl_->file.get(),
               {static_cast<const char*>(values), static_cast<std::size_t>(rows.size() * row_bytes)},
               first_byte + (rows.begin - mine.begin) * row_bytes);
    });
  });
  chunks.finish(impl_->comm);
  impl_->note_digests(name, row_bytes, digests);
}

/// Chunks get their places in ascending order, whoever has them, so all are packed before the first is written.
void Hdf5Writer::write_packed(const std::string& name, const Hdf5RowFormat& format, Index total_rows, RowRange mine,
                              const PieceSource& source) {
  const Communicator& comm = impl_->comm;
  const int level = impl_->options.deflate_level;
  const Index row_bytes = format.row_bytes();
  const auto whole_bytes = static_cast<std::size_t>(std::min(total_rows, rows_per_chunk(row_bytes)) * row_bytes);

  // 1. Whole chunks, the dataset's last one padded.
  std::vector<std::uint64_t> digests;
  std::vector<std::string> packed;
  RowChunks chunks(mine, row_bytes, [&](std::string_view chunk) {
    digests.push_back(digest_of(chunk));
    std::string whole(chunk);
    whole.resize(whole_bytes);
    packed.push_back(shuffled_and_deflated(whole, format.element_bytes(), level));
  });
  agree_on(comm, [&] {
    impl_->for_each_piece(mine, row_bytes, source,
                          [&](RowRange rows, const void* values) { chunks.add(values, rows.size()); });
  });
  chunks.finish(comm);

  // 2. Their places.
  std::vector<Index> sizes;
  for (const std::string& chunk : packed) sizes.push_back(std::ssize(chunk));
  const Index first = comm.exclusive_sum(std::ssize(sizes));
  const std::vector<Index> sizes_of_all = comm.all_gather_varied(std::span<const Index>(sizes)).values;
  std::vector<Index> places;
  impl_->on_root([&](Hdf5Structure& outline) {
    places = outline.create_packed_dataset(name, format, total_rows, level, sizes_of_all);
  });
  comm.broadcast(places);
  impl_->output->reserve(places.back() + sizes_of_all.back() + metadata_bytes);

  // 3. Into the file.
  agree_on(comm, [&] {
    for (std::size_t c = 0; c < packed.size(); ++c) {
      write_at(impl_->output->path(), impl_->file.get(), packed[c], places[static_cast<std::size_t>(first) + c]);
    }
  });
  impl_->note_digests(name, row_bytes, digests);
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
  const Hdf5RowFormat format{.element = Hdf5Element::float32, .columns = matrix.columns};
  const Index first_byte = impl_->create_dataset(name, format, total_rows, mine);
  std::vector<std::uint64_t> digests;
  RowChunks chunks(mine, format.row_bytes(), [&](std::string_view chunk) { digests.push_back(digest_of(chunk)); });
  if (matrix.columns == matrix.stride) {
    chunks.add(matrix.data, matrix.rows);
  } else {
    for (Index r = 0; r < matrix.rows; ++r) chunks.add(matrix.row(r), 1);
  }
  chunks.finish(impl_->comm);
  impl_->note_digests(name, format.row_bytes(), digests);
  return first_byte;
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name, std::int64_t value) {
  impl_->on_root([&](Hdf5Structure& outline) { outline.write_attribute(object, name, value); });
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name, std::uint64_t value) {
  impl_->on_root([&](Hdf5Structure& outline) { outline.write_attribute(object, name, value); });
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name, double value) {
  impl_->on_root([&](Hdf5Structure& outline) { outline.write_attribute(object, name, value); });
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name, std::string_view value) {
  const std::string text = encoded_text(value.substr(0, value.find('\0')));
  impl_->on_root([&](Hdf5Structure& outline) { outline.write_attribute(object, name, text); });
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name,
                                 std::span<const std::int64_t> values) {
  impl_->on_root([&](Hdf5Structure& outline) {
    outline.write_attribute(object, name, std::vector<std::int64_t>(values.begin(), values.end()));
  });
}

void Hdf5Writer::write_attribute(const std::string& object, const std::string& name,
                                 std::span<const std::string> values) {
  std::vector<std::string> texts;
  for (const std::string& value : values) texts.push_back(encoded_text(value));
  impl_->on_root([&](Hdf5Structure& outline) { outline.write_attribute(object, name, texts); });
}

void Hdf5Writer::write_truth_attribute(const std::string& object, const std::string& name, bool value) {
  impl_->on_root([&](Hdf5Structure& outline) { outline.write_attribute(object, name, value); });
}

std::unique_ptr<OutputFile> Hdf5Writer::close() {
  agree_on(impl_->comm, [&] {
    if (impl_->structure) impl_->write_image(impl_->structure->finish(impl_->tables));
    if (!impl_->file.close_now()) throw impl_->cannot_write();
  });
  return std::move(impl_->output);
}

void Hdf5Writer::commit() {
  close()->commit();
}

}  // namespace rankwise
