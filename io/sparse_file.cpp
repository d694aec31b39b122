#include "io/sparse_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <string_view>

#include "kernels/error.hpp"

namespace rankwise {

namespace {

constexpr std::string_view encoding_type = "csr_matrix";
constexpr std::string_view encoding_version = "0.1.0";

/// scipy uses 32 bits for columns where they suffice.
bool narrow_columns(Index columns) {
  return columns <= std::numeric_limits<std::int32_t>::max();
}

[[noreturn]] void refuse(const Hdf5Reader& file, const std::string& name, const std::string& reason) {
  throw Error(ExitCode::bad_data, fmt::format("{}: {}: {}", file.path(), name, reason));
}

}  // namespace

Index sparse_bytes(const Communicator& comm, const SparseRows& matrix) {
  const Index column_bytes = narrow_columns(matrix.column_count) ? 4 : 8;
  return comm.sum(matrix.entries()) * (static_cast<Index>(sizeof(float)) + column_bytes) +
         (matrix.total_rows + 1) * static_cast<Index>(sizeof(Index));
}

void write_sparse(const Communicator& comm, Hdf5Writer& file, const std::string& name, const SparseRows& matrix) {
  agree_on(comm, [&] {
    if (static_cast<Index>(matrix.offsets.size()) != matrix.rows.size() + 1 ||
        static_cast<Index>(matrix.columns.size()) != matrix.entries() ||
        static_cast<Index>(matrix.values.size()) != matrix.entries()) {
      throw Error(ExitCode::internal, fmt::format("{}: offsets, columns and values do not fit together", name));
    }
  });
  const Index first = comm.exclusive_sum(matrix.entries());
  const Index total = comm.sum(matrix.entries());
  const RowRange entries{first, first + matrix.entries()};

  file.create_group(name);
  file.write_attribute(name, "encoding-type", encoding_type);
  file.write_attribute(name, "encoding-version", encoding_version);
  const std::array<std::int64_t, 2> shape{matrix.total_rows, matrix.column_count};
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
  // The last rank also writes the closing offset, whether or not it has rows.
  const bool last = comm.rank() == comm.size() - 1;
  const Index begin = comm.exclusive_sum(matrix.rows.size());
  const RowRange offsets{begin, begin + matrix.rows.size() + (last ? 1 : 0)};
  file.write_filled_rows<Index>(name + "/indptr", matrix.total_rows + 1, offsets, [&](RowRange piece, Index* out) {
    const Index* local = matrix.offsets.data() + (piece.begin - begin);
    std::transform(local, local + piece.size(), out, [&](Index offset) { return first + offset; });
  });
}

SparseShape sparse_shape(const Hdf5Reader& file, const std::string& name) {
  if (!file.has(name)) refuse(file, name, "is missing");
  const std::string encoding = file.read_text(name, "encoding-type");
  if (encoding != encoding_type) refuse(file, name, fmt::format("its encoding-type is not {}", encoding_type));
  const std::vector<std::int64_t> extents = file.read_integers(name, "shape");
  if (extents.size() != 2 || extents[0] < 0 || extents[1] < 0) {
    refuse(file, name, "its attribute shape is not two numbers >= 0");
  }
  const SparseShape shape{extents[0], extents[1], file.shape(name + "/data", Hdf5Kind::floating, 1).rows()};
  const Index columns = file.shape(name + "/indices", Hdf5Kind::integer, 1).rows();
  const Index offsets = file.shape(name + "/indptr", Hdf5Kind::integer, 1).rows();
  if (columns != shape.entries) {
    refuse(file, name, fmt::format("data holds {} values, but indices {}", shape.entries, columns));
  }
  if (offsets - 1 != shape.rows) {
    refuse(file, name,
           fmt::format("indptr holds {} offsets, expected {} for {} rows", offsets, shape.rows + 1, shape.rows));
  }
  return shape;
}

std::vector<Index> read_sparse_offsets(const Hdf5Reader& file, const std::string& name, const SparseShape& shape,
                                       RowRange rows) {
  std::vector<Index> offsets = file.read_rows<Index>(name + "/indptr", {rows.begin, rows.end + 1});
  if ((rows.begin == 0 && offsets.front() != 0) || offsets.front() < 0)
    refuse(file, name, "indptr does not begin at 0");
  if ((rows.end == shape.rows && offsets.back() != shape.entries) || offsets.back() > shape.entries) {
    refuse(file, name, fmt::format("indptr does not end at the {} entries that there are", shape.entries));
  }
  const auto fall = std::ranges::adjacent_find(offsets, std::ranges::greater());
  if (fall != offsets.end()) {
    refuse(file, name, fmt::format("indptr falls after row {}", rows.begin + (fall - offsets.begin())));
  }
  return offsets;
}

SparseRows read_sparse(const Hdf5Reader& file, const std::string& name, const SparseShape& shape, RowRange rows) {
  SparseRows read;
  read.rows = rows;
  read.total_rows = shape.rows;
  read.column_count = shape.columns;
  read.offsets = read_sparse_offsets(file, name, shape, rows);
  const RowRange entries{read.offsets.front(), read.offsets.back()};
  for (Index& offset : read.offsets) offset -= entries.begin;
  read.columns = file.read_rows<Index>(name + "/indices", entries);
  read.values = file.read_rows<float>(name + "/data", entries);

  for (Index r = 0; r < rows.size(); ++r) {
    Index previous = -1;
    const auto end = static_cast<std::size_t>(read.offsets[static_cast<std::size_t>(r) + 1]);
    for (auto e = static_cast<std::size_t>(read.offsets[static_cast<std::size_t>(r)]); e < end; ++e) {
      const Index column = read.columns[e];
      if (column < 0 || column >= shape.columns) {
        refuse(file, name,
               fmt::format("row {} has an entry in column {} of {}", rows.begin + r, column, shape.columns));
      }
      if (column <= previous) {
        refuse(file, name,
               fmt::format("row {}: column {} follows column {}, expected ascending columns", rows.begin + r, column,
                           previous));
      }
      if (!std::isfinite(read.values[e])) {
        refuse(file, name, fmt::format("row {}, column {} holds a value that is not finite", rows.begin + r, column));
      }
      previous = column;
    }
  }
  return read;
}

}  // namespace rankwise
