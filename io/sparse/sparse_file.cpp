#include "io/sparse/sparse_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <string_view>
#include <utility>

#include "distributed/log/fold.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// AnnData's words.
constexpr std::string_view encoding_of(SparseOrder order) {
  return order == SparseOrder::by_row ? "csr_matrix" : "csc_matrix";
}

constexpr std::string_view encoding_version = "0.1.0";

/// scipy uses 32 bits for columns where they suffice.
bool narrow_columns(Index columns) {
  return columns <= std::numeric_limits<std::int32_t>::max();
}

/// Only the rows of a log may be several on one pair.
constexpr bool may_repeat(const SparseRows& /*rows*/) {
  return false;
}
constexpr bool may_repeat(const LogRows& /*rows*/) {
  return true;
}

/// Entries [entries.begin, entries.end) of `read`, which belong to row `row` of the file.
template <class Value>
void check_entries(const Hdf5Reader& file, const std::string& name, Index row, RowRange entries,
                   const CsrRows<Value>& read) {
  Index previous = -1;
  for (Index entry = entries.begin; entry < entries.end; ++entry) {
    const auto e = static_cast<std::size_t>(entry);
    const Index column = read.columns[e];
    if (column < 0 || column >= read.column_count) {
      refuse_object(file, name, fmt::format("row {} has an entry in column {} of {}", row, column, read.column_count));
    }
    if (column < previous || (column == previous && !may_repeat(read))) {
      refuse_object(
          file, name,
          fmt::format("row {}: column {} follows column {}, expected ascending columns", row, column, previous));
    }
    if (!std::isfinite(read.values[e])) {
      refuse_object(file, name, fmt::format("row {}, column {} holds a value that is not finite", row, column));
    }
    previous = column;
  }
}

/// Of an entry's time or fold.
std::string mark_path(const std::string& name, EntryMark mark) {
  return name + (mark == EntryMark::time ? "/time" : "/fold");
}

/// Bytes that a matrix's marks take in a file, on this rank.
template <class Value>
Index mark_bytes(const CsrRows<Value>& matrix) {
  const Index entry_bytes =
      static_cast<Index>((matrix.times_seconds ? sizeof(std::int64_t) : 0) + (matrix.folds ? sizeof(std::int32_t) : 0));
  return matrix.entries() * entry_bytes;
}

/// Writes what marks the matrix has; this rank's entries are `entries` of `total`. Collective.
template <class Value>
void write_marks(Hdf5Writer& file, const std::string& name, const CsrRows<Value>& matrix, Index total,
                 RowRange entries) {
  if (matrix.times_seconds)
    file.write_rows(mark_path(name, EntryMark::time), total, entries, std::span(*matrix.times_seconds));
  if (matrix.folds) file.write_rows(mark_path(name, EntryMark::fold), total, entries, std::span(*matrix.folds));
}

}  // namespace

template <class Value>
Index sparse_bytes(const Communicator& comm, const CsrRows<Value>& matrix) {
  const Index column_bytes = narrow_columns(matrix.column_count) ? 4 : 8;
  return comm.sum(matrix.entries()) * (static_cast<Index>(sizeof(Value)) + column_bytes) +
         comm.sum(mark_bytes(matrix)) + (matrix.total_rows + 1) * static_cast<Index>(sizeof(Index));
}

template <class Value>
void write_sparse(const Communicator& comm, Hdf5Writer& file, const std::string& name, const CsrRows<Value>& matrix,
                  SparseOrder order) {
  agree_on(comm, [&] {
    if (static_cast<Index>(matrix.offsets.size()) != matrix.rows.size() + 1 ||
        static_cast<Index>(matrix.columns.size()) != matrix.entries() ||
        static_cast<Index>(matrix.values.size()) != matrix.entries() ||
        (matrix.times_seconds && static_cast<Index>(matrix.times_seconds->size()) != matrix.entries()) ||
        (matrix.folds && static_cast<Index>(matrix.folds->size()) != matrix.entries())) {
      throw Error(ExitCode::internal, fmt::format("{}: offsets, columns, values and marks do not fit together", name));
    }
  });
  const Index first = comm.exclusive_sum(matrix.entries());
  const Index total = comm.sum(matrix.entries());
  const RowRange entries{first, first + matrix.entries()};

  file.create_group(name);
  file.write_attribute(name, "encoding-type", encoding_of(order));
  file.write_attribute(name, "encoding-version", encoding_version);
  std::array<std::int64_t, 2> shape{matrix.total_rows, matrix.column_count};
  if (order == SparseOrder::by_column) std::swap(shape[0], shape[1]);
  file.write_attribute(name, "shape", shape);
  file.write_rows(name + "/data", total, entries, std::span(matrix.values));
  if (narrow_columns(matrix.column_count)) {
    file.write_filled_rows<std::int32_t>(name + "/indices", total, entries, [&](RowRange piece, std::int32_t* out) {
      const Index* columns = matrix.columns.data() + (piece.begin - first);
      std::transform(columns, columns + piece.size(), out, [](Index c) { return static_cast<std::int32_t>(c); });
    });
  } else {
    file.write_rows(name + "/indices", total, entries, std::span(matrix.columns));
  }
  write_marks(file, name, matrix, total, entries);
  // The last rank also writes the closing offset, whether or not it has rows.
  const bool last = comm.rank() == comm.size() - 1;
  const Index begin = comm.exclusive_sum(matrix.rows.size());
  const RowRange offsets{begin, begin + matrix.rows.size() + (last ? 1 : 0)};
  file.write_filled_rows<Index>(name + "/indptr", matrix.total_rows + 1, offsets, [&](RowRange piece, Index* out) {
    const Index* local = matrix.offsets.data() + (piece.begin - begin);
    std::transform(local, local + piece.size(), out, [&](Index offset) { return first + offset; });
  });
}

template Index sparse_bytes(const Communicator& comm, const SparseRows& matrix);
template Index sparse_bytes(const Communicator& comm, const LogRows& matrix);
template void write_sparse(const Communicator& comm, Hdf5Writer& file, const std::string& name,
                           const SparseRows& matrix, SparseOrder order);
template void write_sparse(const Communicator& comm, Hdf5Writer& file, const std::string& name, const LogRows& matrix,
                           SparseOrder order);

SparseShape sparse_shape(const Hdf5Reader& file, const std::string& name, SparseOrder order) {
  if (!file.has(name)) refuse_object(file, name, "is missing");
  const std::string encoding = file.read_text(name, "encoding-type");
  if (encoding != encoding_of(order))
    refuse_object(file, name, fmt::format("its encoding-type is not {}", encoding_of(order)));
  std::vector<std::int64_t> extents = file.read_integers(name, "shape");
  if (extents.size() != 2 || extents[0] < 0 || extents[1] < 0) {
    refuse_object(file, name, "its attribute shape is not two numbers >= 0");
  }
  if (order == SparseOrder::by_column) std::swap(extents[0], extents[1]);
  const SparseShape shape{extents[0], extents[1], file.shape(name + "/data", Hdf5Kind::floating, 1).rows()};
  const Index columns = file.shape(name + "/indices", Hdf5Kind::integer, 1).rows();
  const Index offsets = file.shape(name + "/indptr", Hdf5Kind::integer, 1).rows();
  if (columns != shape.entries) {
    refuse_object(file, name, fmt::format("data holds {} values, but indices {}", shape.entries, columns));
  }
  if (offsets - 1 != shape.rows) {
    refuse_object(file, name,
                  fmt::format("indptr holds {} offsets, expected {} for {} rows", offsets, shape.rows + 1, shape.rows));
  }
  return shape;
}

std::vector<Index> read_sparse_offsets(const Hdf5Reader& file, const std::string& name, const SparseShape& shape,
                                       RowRange rows) {
  std::vector<Index> offsets = file.read_rows<Index>(name + "/indptr", {rows.begin, rows.end + 1});
  if ((rows.begin == 0 && offsets.front() != 0) || offsets.front() < 0)
    refuse_object(file, name, "indptr does not begin at 0");
  if ((rows.end == shape.rows && offsets.back() != shape.entries) || offsets.back() > shape.entries) {
    refuse_object(file, name, fmt::format("indptr does not end at the {} entries that there are", shape.entries));
  }
  const auto fall = std::ranges::adjacent_find(offsets, std::ranges::greater());
  if (fall != offsets.end()) {
    refuse_object(file, name, fmt::format("indptr falls after row {}", rows.begin + (fall - offsets.begin())));
  }
  return offsets;
}

SparseRows read_sparse(const Hdf5Reader& file, const std::string& name, const SparseShape& shape, RowRange rows,
                       std::span<const Index> without) {
  SparseRows read;
  read.rows = rows;
  read.total_rows = shape.rows;
  read.column_count = shape.columns;
  const std::vector<Index> offsets = read_sparse_offsets(file, name, shape, rows);
  const auto offset = [&](Index row) { return offsets[static_cast<std::size_t>(row - rows.begin)]; };
  Index skipped = 0;
  for (const Index row : without) skipped += offset(row + 1) - offset(row);
  const Index entries = offsets.back() - offsets.front() - skipped;
  read.columns.reserve(static_cast<std::size_t>(entries));
  read.values.reserve(static_cast<std::size_t>(entries));
  const auto append = [&](RowRange some) {
    file.append_rows(name + "/indices", {offset(some.begin), offset(some.end)}, read.columns);
    file.append_rows(name + "/data", {offset(some.begin), offset(some.end)}, read.values);
    for (Index row = some.begin; row < some.end; ++row) {
      const Index begin = read.offsets.back();
      read.offsets.push_back(begin + offset(row + 1) - offset(row));
      check_entries(file, name, row, {begin, read.offsets.back()}, read);
    }
  };
  Index next = rows.begin;
  for (const Index row : without) {
    append({next, row});
    read.offsets.push_back(read.offsets.back());
    next = row + 1;
  }
  append({next, rows.end});
  return read;
}

bool has_mark(const Hdf5Reader& file, const std::string& name, EntryMark mark, Index entries) {
  const std::string path = mark_path(name, mark);
  if (!file.has(path)) return false;
  const Index marks = file.shape(path, Hdf5Kind::integer, 1).rows();
  if (marks != entries) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} holds {} numbers, expected one for each of {} entries",
                                                file.path(), path, marks, entries));
  }
  return true;
}

std::vector<std::int64_t> read_marks(const Hdf5Reader& file, const std::string& name, EntryMark mark,
                                     RowRange entries) {
  const std::string path = mark_path(name, mark);
  std::vector<std::int64_t> marks = file.read_rows<std::int64_t>(path, entries);
  if (mark == EntryMark::time) return marks;
  const auto beyond = std::ranges::find_if(marks, [](std::int64_t fold) { return fold < 0 || fold >= most_folds; });
  if (beyond != marks.end()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {}: entry {} holds the fold {}, expected a number from 0 to {}", file.path(), path,
                            entries.begin + (beyond - marks.begin()), *beyond, most_folds - 1));
  }
  return marks;
}

LogRows read_repeating_rows(const Hdf5Reader& file, const std::string& name, const SparseShape& shape, RowRange rows) {
  LogRows read{.rows = rows, .total_rows = shape.rows, .column_count = shape.columns, .columns = {}, .values = {}};
  const std::vector<Index> offsets = read_sparse_offsets(file, name, shape, rows);
  const RowRange entries{offsets.front(), offsets.back()};
  file.append_rows(name + "/indices", entries, read.columns);
  file.append_rows(name + "/data", entries, read.values);
  for (Index row = rows.begin; row < rows.end; ++row) {
    const auto end = static_cast<std::size_t>(row - rows.begin) + 1;
    read.offsets.push_back(offsets[end] - entries.begin);
    check_entries(file, name, row, {read.offsets[end - 1], read.offsets[end]}, read);
  }
  return read;
}

LogRows read_log_rows(const Hdf5Reader& file, const std::string& name, const SparseShape& shape, RowRange rows) {
  LogRows read = read_repeating_rows(file, name, shape, rows);
  const Index first = read_sparse_offsets(file, name, shape, {rows.begin, rows.begin}).front();
  read.times_seconds = read_marks(file, name, EntryMark::time, {first, first + read.entries()});
  return read;
}

SparseRows read_sparse_parts(const Hdf5Reader& file, const std::string& name, const SparseShape& shape,
                             std::span<const SharedPart> parts) {
  SparseRows read;
  read.rows = {0, static_cast<Index>(parts.size())};
  read.total_rows = read.rows.size();
  read.column_count = shape.columns;
  for (const SharedPart& part : parts) {
    const std::vector<Index> row = read_sparse_offsets(file, name, shape, {part.row, part.row + 1});
    if (row[0] + part.entries.end > row[1]) {
      refuse_object(file, name, fmt::format("row {} has changed since its size was read", part.row));
    }
    const RowRange entries{row[0] + part.entries.begin, row[0] + part.entries.end};
    file.append_rows(name + "/indices", entries, read.columns);
    file.append_rows(name + "/data", entries, read.values);
    read.offsets.push_back(static_cast<Index>(read.columns.size()));
    check_entries(file, name, part.row, {read.offsets.back() - entries.size(), read.offsets.back()}, read);
  }
  return read;
}

}  // namespace rankwise
