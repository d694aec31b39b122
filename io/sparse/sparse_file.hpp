#pragma once
// Sparse matrices in HDF5 files: CSR or CSC groups with AnnData's attributes, and what may be known of each entry
// beside its value: when it was, and which fold its log puts it into.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/row_piece.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Size of a matrix in a file.
struct SparseShape {
  Index rows = 0;
  Index columns = 0;
  Index entries = 0;
};

/// Whether a matrix in a file lies by rows or by columns. By columns, what is a row here is a column there.
enum class SparseOrder { by_row, by_column };

/// Bytes that the group will take in a file. Collective over comm.
template <class Value>
[[nodiscard]] Index sparse_bytes(const Communicator& comm, const CsrRows<Value>& matrix);

/// Writes group `name`: data, indices, indptr, and the marks of entries that there are. Collective over comm.
template <class Value>
void write_sparse(const Communicator& comm, Hdf5Writer& file, const std::string& name, const CsrRows<Value>& matrix,
                  SparseOrder order = SparseOrder::by_row);

/// Checks the group's attributes and that its datasets fit together. Not collective, as the reader is; throws
/// Error(bad_data). Of a matrix by columns, rows and columns change places.
[[nodiscard]] SparseShape sparse_shape(const Hdf5Reader& file, const std::string& name,
                                       SparseOrder order = SparseOrder::by_row);

/// indptr[rows.begin .. rows.end], checked to be monotone and within the matrix. Not collective.
[[nodiscard]] std::vector<Index> read_sparse_offsets(const Hdf5Reader& file, const std::string& name,
                                                     const SparseShape& shape, RowRange rows);

/// `rows` of the matrix, those in `without` (ascending) as if they had no entries: columns checked to ascend and be in
/// range, values to be finite. Not collective.
[[nodiscard]] SparseRows read_sparse(const Hdf5Reader& file, const std::string& name, const SparseShape& shape,
                                     RowRange rows, std::span<const Index> without = {});

/// Whether group `name` has the mark, with one number for each of `entries` entries. Not collective; throws
/// Error(bad_data).
[[nodiscard]] bool has_mark(const Hdf5Reader& file, const std::string& name, EntryMark mark, Index entries);

/// The marks of `entries`, folds checked to be in range. Not collective; throws Error(bad_data).
[[nodiscard]] std::vector<std::int64_t> read_marks(const Hdf5Reader& file, const std::string& name, EntryMark mark,
                                                   RowRange entries);

/// `rows` of a group of rows of a log, checked likewise, but that columns may repeat. Not collective.
[[nodiscard]] LogRows read_repeating_rows(const Hdf5Reader& file, const std::string& name, const SparseShape& shape,
                                          RowRange rows);

/// `rows` of a group of log rows with their times, checked likewise, but that columns may repeat. Not collective.
[[nodiscard]] LogRows read_log_rows(const Hdf5Reader& file, const std::string& name, const SparseShape& shape,
                                    RowRange rows);

/// Parts of rows, one row each, checked likewise; SparseRows::rows counts them. Not collective.
[[nodiscard]] SparseRows read_sparse_parts(const Hdf5Reader& file, const std::string& name, const SparseShape& shape,
                                           std::span<const SharedPart> parts);

}  // namespace rankwise
