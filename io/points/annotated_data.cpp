#include "io/points/annotated_data.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "distributed/log/select_part.hpp"
#include "io/sparse/sparse_file.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/finite_rows.hpp"

namespace rankwise {

namespace {

constexpr const char* index_attribute = "_index";

bool is_data_frame(const Hdf5Reader& file, const std::string& group) {
  return file.has_group(group) && file.has_attribute(group, index_attribute);
}

std::string index_of(const Hdf5Reader& file, const std::string& frame) {
  return fmt::format("{}/{}", frame, file.read_text(frame, index_attribute));
}

/// "csr_matrix", or the word of old files as it.
std::string encoding_of(const Hdf5Reader& file, const std::string& name) {
  if (file.has_attribute(name, "encoding-type")) return file.read_text(name, "encoding-type");
  if (file.has_attribute(name, "h5sparse_format")) return file.read_text(name, "h5sparse_format") + "_matrix";
  refuse_object(file, name,
                "is a group without the attribute encoding-type; expected a dataset, csr_matrix or csc_matrix");
}

/// The entries [begin, end) of the matrix, of rows (or columns) whose offsets are known.
void append_entries(const Hdf5Reader& file, const std::string& name, RowRange entries, SparseRows& read) {
  constexpr Index piece = Index{1} << 18;
  std::vector<double> numbers;
  for (Index begin = entries.begin; begin < entries.end; begin += piece) {
    const RowRange some{begin, std::min(begin + piece, entries.end)};
    file.append_rows(name + "/indices", some, read.columns);
    numbers.resize(static_cast<std::size_t>(some.size()));
    file.read_numbers(name + "/data", some, 1, numbers);
    for (std::size_t e = 0; e < numbers.size(); ++e) {
      if (!is_finite_float(numbers[e])) {
        refuse_object(file, name,
                      fmt::format("data: entry {} is {}: expected a number within the range of 32-bit floating "
                                  "point",
                                  some.begin + static_cast<Index>(e), numbers[e]));
      }
      read.values.push_back(static_cast<float>(numbers[e]));
    }
  }
}

/// Rows of the matrix as they are stored: rows of csr_matrix, columns of csc_matrix.
SparseRows read_stored(const Hdf5Reader& file, const std::string& name, const SparseShape& stored, RowRange rows) {
  SparseRows read{.rows = rows, .total_rows = stored.rows, .column_count = stored.columns, .columns = {}, .values = {}};
  const std::vector<Index> offsets = read_sparse_offsets(file, name, stored, rows);
  append_entries(file, name, {offsets.front(), offsets.back()}, read);
  for (std::size_t r = 1; r < offsets.size(); ++r) read.offsets.push_back(offsets[r] - offsets.front());
  const auto bad = std::ranges::find_if(read.columns, [&](Index c) { return c < 0 || c >= stored.columns; });
  if (bad != read.columns.end()) {
    refuse_object(file, name,
                  fmt::format("indices: entry {} is {}; expected 0 to {}",
                              offsets.front() + (bad - read.columns.begin()), *bad, stored.columns - 1));
  }
  return read;
}

/// Sorts each row by column, if it is not.
void sort_columns(SparseRows& rows) {
  std::vector<std::pair<Index, float>> row;
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    const auto begin = static_cast<std::size_t>(rows.offsets[r]);
    const auto end = static_cast<std::size_t>(rows.offsets[r + 1]);
    if (std::is_sorted(rows.columns.begin() + rows.offsets[r], rows.columns.begin() + rows.offsets[r + 1])) continue;
    row.clear();
    for (std::size_t e = begin; e < end; ++e) row.emplace_back(rows.columns[e], rows.values[e]);
    std::ranges::stable_sort(row, {}, &std::pair<Index, float>::first);
    for (std::size_t e = begin; e < end; ++e) std::tie(rows.columns[e], rows.values[e]) = row[e - begin];
  }
}

void require_single(const Hdf5Reader& file, const std::string& name, const SparseRows& rows) {
  for (Index r = 0; r < rows.rows.size(); ++r) {
    const auto begin = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r)]);
    const auto end = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r) + 1]);
    const std::span<const Index> columns = std::span<const Index>(rows.columns).subspan(begin, end - begin);
    const auto twice = std::ranges::adjacent_find(columns);
    if (twice == columns.end()) continue;
    refuse_object(file, name,
                  fmt::format("row {} has column {} more than once; expected each once (sum_duplicates of scipy)",
                              rows.rows.begin + r, *twice));
  }
}

}  // namespace

std::string id_dataset(const Hdf5Reader& file, const std::string& name) {
  if (is_data_frame(file, name)) return index_of(file, name);
  const std::string suffix = fmt::format("/{}", index_attribute);
  if (!name.ends_with(suffix)) return name;
  const std::string frame = name.substr(0, name.size() - suffix.size());
  return !frame.empty() && is_data_frame(file, frame) && !file.has(name) ? index_of(file, frame) : name;
}

std::optional<std::string> observation_ids(const Hdf5Reader& file, const std::string& matrix) {
  const bool has_observations =
      matrix == "/X" || matrix == "X" || matrix.starts_with("/layers/") || matrix.starts_with("/obsm/");
  if (!has_observations || !is_data_frame(file, "/obs")) return std::nullopt;
  return index_of(file, "/obs");
}

SparseForm sparse_form(const Hdf5Reader& file, const std::string& name) {
  const std::string encoding = encoding_of(file, name);
  if (encoding != "csr_matrix" && encoding != "csc_matrix") {
    refuse_object(
        file, name,
        fmt::format("is a group of encoding-type {}; expected a dataset, csr_matrix or csc_matrix", encoding));
  }
  const char* const attribute = file.has_attribute(name, "shape") ? "shape" : "h5sparse_shape";
  const std::vector<std::int64_t> extents = file.read_integers(name, attribute);
  if (extents.size() != 2 || extents[0] < 0 || extents[1] < 0) {
    refuse_object(file, name, fmt::format("its attribute {} is not two numbers >= 0", attribute));
  }
  const Hdf5Shape values = file.shape(name + "/data");
  if (values.kind == Hdf5Kind::text || values.extents.size() != 1) {
    refuse_object(file, name + "/data",
                  fmt::format("holds {} values; expected numbers, one for each entry", values.type));
  }
  const SparseForm form{encoding == "csc_matrix", extents[0], extents[1], values.rows()};
  const Index indices = file.shape(name + "/indices", Hdf5Kind::integer, 1).rows();
  if (indices != form.entries) {
    refuse_object(file, name, fmt::format("data holds {} values, but indices {}", form.entries, indices));
  }
  if (form.by_columns && form.rows > std::max(form.entries, file.version().bytes)) {
    refuse_object(file, name, fmt::format("claims {} rows, of which the file does not hold enough", form.rows));
  }
  const Index stored = form.by_columns ? form.columns : form.rows;
  const Index offsets = file.shape(name + "/indptr", Hdf5Kind::integer, 1).rows();
  if (offsets - 1 != stored) {
    refuse_object(file, name,
                  fmt::format("indptr holds {} offsets, expected {} for {} {}", offsets, stored + 1, stored,
                              form.by_columns ? "columns" : "rows"));
  }
  return form;
}

SparseRows read_sparse_matrix(const Communicator& comm, const Hdf5Reader& file, const std::string& name,
                              const SparseForm& form, const Partition& partition) {
  SparseRows rows;
  if (form.by_columns) {
    const SparseShape stored{form.columns, form.rows, form.entries};
    const RowRange mine = Partition::by_count(form.columns, comm.size()).range(comm.rank());
    const SparseRows columns = agree_on(comm, [&] { return read_stored(file, name, stored, mine); });
    rows = transpose(comm, columns, partition);
  } else {
    const SparseShape stored{form.rows, form.columns, form.entries};
    rows = agree_on(comm, [&] { return read_stored(file, name, stored, partition.range(comm.rank())); });
    sort_columns(rows);
  }
  agree_on(comm, [&] { require_single(file, name, rows); });
  return rows;
}

}  // namespace rankwise
