#include "io/matrices/matrix_log.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "distributed/rows/id_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "io/dataset/id_file.hpp"
#include "io/files/input_file.hpp"
#include "io/hdf5/reader.hpp"
#include "io/matrices/npz_file.hpp"
#include "io/points/annotated_data.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/finite_rows.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

enum class MatrixFile { none, annotated, npz };

/// By the first bytes. Of zip files only those whose first member is an array are .npz; others are workbooks, or
/// packed.
MatrixFile kind_of_file(const std::string& path) {
  constexpr std::size_t zip_header_bytes = 30;
  constexpr std::size_t most_name_bytes = 256;
  const std::shared_ptr<const InputFile> file = open_named(path);
  std::string bytes(zip_header_bytes + most_name_bytes, '\0');
  bytes.resize(file->read_at(0, bytes.data(), bytes.size()));
  if (bytes.starts_with("\x89HDF\r\n\x1A\n")) return MatrixFile::annotated;
  if (!bytes.starts_with("PK\3\4") || bytes.size() < zip_header_bytes) return MatrixFile::none;
  const auto name_bytes = static_cast<std::size_t>(static_cast<unsigned char>(bytes[26]));
  return bytes.substr(zip_header_bytes, name_bytes).ends_with(".npy") ? MatrixFile::npz : MatrixFile::none;
}

/// Rows of one file on their way to the log.
class EntryLog {
 public:
  EntryLog(Index file, InteractionLog& log) : file_(file), first_(log.size()), log_(log) {}

  void append(double value) {
    log_.values.push_back(value);
    log_.positions.push_back(InputPosition(file_, log_.size() - first_ + 1).packed());
  }
  /// Entries are counted over all ranks. Collective.
  void number(const Communicator& comm) {
    const Index before = comm.exclusive_sum(log_.size() - first_);
    for (Index row = first_; row < log_.size(); ++row) log_.positions[static_cast<std::size_t>(row)] += before;
  }

 private:
  Index file_;
  Index first_;
  InteractionLog& log_;
};

/// The ids in `rows` of one axis of the matrix, which has `size`; nothing if the frame names none.
std::optional<IdRows> index_of(const Hdf5Reader& file, const std::string& frame, RowRange rows, Index size) {
  if (!file.has_group(frame)) return std::nullopt;
  const std::string ids = id_dataset(file, frame);
  if (ids == frame) return std::nullopt;
  const Index count = id_rows(file, ids);
  if (count != size) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} has {} ids, but /X has {} {}", file.path(), ids, count, size,
                                                frame == "/obs" ? "rows" : "columns"));
  }
  return read_ids(file, ids, rows);
}

void append_id(const std::optional<IdRows>& ids, Index row, IdColumn& column) {
  if (!ids) {
    column.append(row);
    return;
  }
  const auto local = static_cast<std::size_t>(row - ids->rows.begin);
  std::visit([&](const auto& values) { column.append(values[local]); }, ids->ids);
}

std::string named_by(const std::optional<IdRows>& ids, std::string_view frame) {
  return ids ? fmt::format("index of {}", frame) : std::string("number from 0");
}

std::string read_annotated(const Communicator& comm, const std::string& path, Index number, InteractionLog& log) {
  const Hdf5Reader file = agree_on(comm, [&] { return Hdf5Reader(path); });
  const SparseForm form = agree_on(comm, [&] {
    if (!file.has_group("/X")) {
      throw Error(ExitCode::bad_data, fmt::format("{}: has {}; expected a group /X of encoding-type csr_matrix or "
                                                  "csc_matrix, as AnnData writes it",
                                                  path, file.has("/X") ? "a dense matrix /X" : "no matrix /X"));
    }
    return sparse_form(file, "/X");
  });
  const Partition partition = Partition::by_count(form.rows, comm.size());
  const SparseRows rows = read_sparse_matrix(comm, file, "/X", form, partition);
  EntryLog entries(number, log);
  std::string note;
  agree_on(comm, [&] {
    const std::optional<IdRows> users = index_of(file, "/obs", rows.rows, form.rows);
    const std::optional<IdRows> items = index_of(file, "/var", {0, form.columns}, form.columns);
    for (Index r = 0; r < rows.rows.size(); ++r) {
      const auto end = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r) + 1]);
      for (auto e = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r)]); e < end; ++e) {
        append_id(users, rows.rows.begin + r, log.users);
        append_id(items, rows.columns[e], log.items);
        entries.append(static_cast<double>(rows.values[e]));
      }
    }
    note = fmt::format("{}: a sparse matrix /X, {} x {}, {} entries, user = {}, item = {}", path, form.rows,
                       form.columns, form.entries, named_by(users, "/obs"), named_by(items, "/var"));
  });
  entries.number(comm);
  return note;
}

/// The whole numbers from 0 to `most` that these must be, which are `range` of the array.
std::vector<Index> whole_numbers(const NpzFile& file, const std::string& array, RowRange range, Index most,
                                 const std::vector<double>& numbers) {
  std::vector<Index> indices;
  indices.reserve(numbers.size());
  for (const double number : numbers) {
    const bool fits = number >= 0 && number <= static_cast<double>(most);
    const Index index = fits ? static_cast<Index>(number) : -1;
    if (static_cast<double>(index) != number) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: array {}: entry {} is {}; expected a whole number from 0 to {}", file.path(), array,
                              range.begin + static_cast<Index>(indices.size()), number, most));
    }
    indices.push_back(index);
  }
  return indices;
}

std::vector<Index> indices_of(const NpzFile& file, const std::string& array, RowRange range, Index most) {
  return whole_numbers(file, array, range, most, file.numbers(array, range));
}

/// What this rank has read of the arrays that ranks share, if they are stored.
struct NpzPieces {
  std::optional<NpzPiece> indices;
  std::optional<NpzPiece> data;
};

/// Compares an array's checksum with what all ranks have read of it. Collective.
void check_pieces(const Communicator& comm, const NpzFile& file, const std::string& array,
                  const std::optional<NpzPiece>& mine) {
  if (comm.min(mine ? 1 : 0) == 0) return;  // deflated: each rank has compared it
  const std::vector<NpzPiece> pieces = comm.all_gather_varied(std::span<const NpzPiece>(&*mine, 1)).values;
  agree_on(comm, [&] {
    if (comm.is_root()) file.check_pieces(array, pieces);
  });
}

/// A matrix as scipy.sparse.save_npz writes it; its major side are rows of CSR, columns of CSC.
struct NpzMatrix {
  bool by_columns = false;
  Index major = 0;
  Index minor = 0;
  Index entries = 0;
};

NpzMatrix npz_matrix(const NpzFile& file) {
  const std::string format = file.text("format");
  if (format != "csr" && format != "csc") {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: array format: the matrix is {}; expected csr or csc (save_npz(FILE, "
                            "matrix.tocsr()) of scipy.sparse)",
                            file.path(), shown(format)));
  }
  const std::vector<Index> shape = indices_of(file, "shape", {0, 2}, Index{1} << 53);
  const bool by_columns = format == "csc";
  const NpzMatrix matrix{by_columns, shape[by_columns ? 1 : 0], shape[by_columns ? 0 : 1], file.size("data")};
  for (const auto& [array, size] : {std::pair<const char*, Index>{"indices", matrix.entries},
                                    std::pair<const char*, Index>{"indptr", matrix.major + 1}}) {
    if (file.size(array) == size) continue;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: array {}: holds {} values, expected {}", file.path(), array, file.size(array), size));
  }
  return matrix;
}

NpzPieces append_npz_entries(const NpzFile& file, const NpzMatrix& matrix, RowRange mine, EntryLog& entries,
                             InteractionLog& log) {
  const std::vector<Index> offsets = indices_of(file, "indptr", {mine.begin, mine.end + 1}, matrix.entries);
  if (!std::ranges::is_sorted(offsets) || (mine.begin == 0 && offsets.front() != 0) ||
      (mine.end == matrix.major && offsets.back() != matrix.entries)) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: array indptr: does not ascend from 0 to {}", file.path(), matrix.entries));
  }
  const RowRange range{offsets.front(), offsets.back()};
  const NpzFile::Part minor_part = file.part("indices", range);
  const std::vector<Index> minors = whole_numbers(file, "indices", range, matrix.minor - 1, minor_part.values);
  const auto [values, value_piece] = file.part("data", range);
  for (Index r = 0; r < mine.size(); ++r) {
    for (Index e = offsets[static_cast<std::size_t>(r)]; e < offsets[static_cast<std::size_t>(r) + 1]; ++e) {
      const auto place = static_cast<std::size_t>(e - range.begin);
      if (!is_finite_float(values[place])) {
        throw Error(ExitCode::bad_data,
                    fmt::format("{}: array data: entry {} is {}: expected a number within the range of "
                                "32-bit floating point",
                                file.path(), e, values[place]));
      }
      log.users.append(matrix.by_columns ? minors[place] : mine.begin + r);
      log.items.append(matrix.by_columns ? mine.begin + r : minors[place]);
      entries.append(values[place]);
    }
  }
  return {minor_part.piece, value_piece};
}

std::string read_npz(const Communicator& comm, const std::string& path, Index number, InteractionLog& log) {
  const NpzFile file = agree_on(comm, [&] { return NpzFile(path); });
  const NpzMatrix matrix = agree_on(comm, [&] { return npz_matrix(file); });
  EntryLog entries(number, log);
  const NpzPieces pieces = agree_on(comm, [&] {
    return append_npz_entries(file, matrix, Partition::by_count(matrix.major, comm.size()).range(comm.rank()), entries,
                              log);
  });
  check_pieces(comm, file, "indices", pieces.indices);
  check_pieces(comm, file, "data", pieces.data);
  entries.number(comm);
  return fmt::format("{}: a sparse matrix of scipy, {} x {}, {} entries, user = row from 0, item = column from 0", path,
                     matrix.by_columns ? matrix.minor : matrix.major, matrix.by_columns ? matrix.major : matrix.minor,
                     matrix.entries);
}

}  // namespace

bool is_matrix_file(const std::string& path) {
  return kind_of_file(path) != MatrixFile::none;
}

MatrixLog read_matrix_logs(const Communicator& comm, const std::vector<std::string>& paths) {
  MatrixLog read;
  read.log.files = paths;
  for (std::size_t f = 0; f < paths.size(); ++f) {
    const MatrixFile kind = agree_on(comm, [&] { return kind_of_file(paths[f]); });
    read.notes.push_back(kind == MatrixFile::npz ? read_npz(comm, paths[f], static_cast<Index>(f), read.log)
                                                 : read_annotated(comm, paths[f], static_cast<Index>(f), read.log));
  }
  read.log.rows_read = comm.sum(read.log.size());
  agree_on_kind(comm, read.log.users);
  agree_on_kind(comm, read.log.items);
  return read;
}

}  // namespace rankwise
