#pragma once
// Rows of a dataset from the file to memory. For HDF5 readers only: it shows the C API.

#include <hdf5.h>
#include <string>

#include "io/hdf5/library/input_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

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

/// One dataset of a file that is open.
struct OpenDataset {
  const Hdf5InputFile& file;
  const std::string& name;
  Hdf5Handle opened;

  /// The type of its values in the file.
  [[nodiscard]] Hdf5Handle type() const;
  /// Reads rows, which the dataset has, and converts their values to the type of the place. Throws Error (bad_data,
  /// io_error).
  void transfer(RowRange rows, const RowPlace& place) const;
  /// Values of one type to another, where they are; there is room for either. Throws Error(bad_data).
  void convert(hid_t from, hid_t to, Index values, void* place) const;
};

}  // namespace rankwise
