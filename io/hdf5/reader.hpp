#pragma once
// Reads an HDF5 file on one rank, whatever the file holds. Not collective: each rank reads its rows through its own
// handle, so a damaged piece that only one rank meets cannot leave the others waiting; callers agree on the outcome.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/files/file_version.hpp"
#include "io/hdf5/library/element.hpp"
#include "io/hdf5/library/shape.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct DigestTable;

/// A file from elsewhere is hostile: soft and external links, external storage, virtual datasets and filters that are
/// not HDF5's own are refused, and sizes are checked against the bytes in the file before anything is allocated.
/// Every member throws Error (no_input: the file cannot be opened; bad_data: it does not hold what was asked for;
/// io_error: it was written to since it was opened), with the names of file and object. Objects are named by absolute
/// paths.
class Hdf5Reader {
 public:
  explicit Hdf5Reader(std::string path);
  ~Hdf5Reader();
  Hdf5Reader(Hdf5Reader&&) noexcept;
  Hdf5Reader& operator=(Hdf5Reader&&) noexcept;

  [[nodiscard]] const std::string& path() const;
  /// As it was opened.
  [[nodiscard]] const FileVersion& version() const;
  /// From now on a chunk of these datasets' rows is compared with its digest when a row of it is first read; one that
  /// differs is bad data. Each table fits its dataset.
  void compare_with(std::vector<DigestTable> tables);
  /// Whether that was asked for, of any dataset.
  [[nodiscard]] bool compares() const;
  /// Whether the file has such an object; links that are refused throw.
  [[nodiscard]] bool has(const std::string& object) const;
  [[nodiscard]] bool has_group(const std::string& object) const;
  [[nodiscard]] Hdf5Shape shape(const std::string& dataset) const;
  /// The same, of the wanted kind and rank (1 or 2 dimensions).
  [[nodiscard]] Hdf5Shape shape(const std::string& dataset, Hdf5Kind kind, std::size_t dimensions) const;

  /// Rows of a one-dimensional dataset of any width of T's kind.
  template <class T>
  [[nodiscard]] std::vector<T> read_rows(const std::string& dataset, RowRange rows) const {
    check_rows(dataset, hdf5_element<T>, rows);
    std::vector<T> values(static_cast<std::size_t>(rows.size()));
    read_into(dataset, hdf5_element<T>, rows, values.data(), 1, 0, 1);
    return values;
  }
  /// The same, behind what `values` holds already.
  template <class T>
  void append_rows(const std::string& dataset, RowRange rows, std::vector<T>& values) const {
    check_rows(dataset, hdf5_element<T>, rows);
    const std::size_t before = values.size();
    values.resize(before + static_cast<std::size_t>(rows.size()));
    read_into(dataset, hdf5_element<T>, rows, values.data() + before, 1, 0, 1);
  }
  /// Rows of a dataset of float32 with out.columns columns (or of one dimension: one column) into `out`.
  void read_matrix(const std::string& dataset, RowRange rows, MatrixView out) const;
  /// Rows of a dataset of numbers of any kind and width, of `columns` columns (or of one dimension: one column), into
  /// `out`, row-major, which holds rows.size() * columns values.
  void read_numbers(const std::string& dataset, RowRange rows, Index columns, std::span<double> out) const;
  /// Rows of a one-dimensional dataset of strings of fixed or variable length, ASCII or UTF-8, without their padding.
  [[nodiscard]] std::vector<std::string> read_strings(const std::string& dataset, RowRange rows) const;

  /// Rows of a dataset of one or two dimensions as they lie in the file, into `out`, which holds rows.size() *
  /// shape(dataset).row_bytes() bytes.
  void read_bytes(const std::string& dataset, RowRange rows, std::span<char> out) const;

  [[nodiscard]] bool has_attribute(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::int64_t read_integer(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::uint64_t read_unsigned(const std::string& object, const std::string& name) const;
  [[nodiscard]] double read_number(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::string read_text(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::vector<std::string> read_texts(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::vector<std::int64_t> read_integers(const std::string& object, const std::string& name) const;

 private:
  struct Impl;
  void check_rows(const std::string& dataset, Hdf5Element element, RowRange rows) const;
  /// Rows into row-major memory of `stride` values a row, at columns [first_column, first_column + columns).
  void read_into(const std::string& dataset, Hdf5Element element, RowRange rows, void* out, Index stride,
                 Index first_column, Index columns) const;

  std::unique_ptr<Impl> impl_;
};

/// Throws Error(bad_data): "FILE: OBJECT: REASON".
[[noreturn]] void refuse_object(const Hdf5Reader& file, const std::string& object, const std::string& reason);

}  // namespace rankwise
