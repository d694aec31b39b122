#pragma once
// What a dataset's file may hold of each interaction beside its value: when it was, and which fold its log puts it
// into.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Bytes that a matrix's marks take in a file, on this rank.
template <class Value>
[[nodiscard]] Index mark_bytes(const CsrRows<Value>& matrix);

/// Writes what marks the matrix has into group `name`; this rank's entries are `entries` of `total`. Collective.
template <class Value>
void write_marks(Hdf5Writer& file, const std::string& name, const CsrRows<Value>& matrix, Index total,
                 RowRange entries);

/// Whether group `name` has the mark, with one number for each of `entries` entries. Not collective; throws
/// Error(bad_data).
[[nodiscard]] bool has_mark(const Hdf5Reader& file, const std::string& name, EntryMark mark, Index entries);

/// The marks of `entries`, folds checked to be in range. Not collective; throws Error(bad_data).
[[nodiscard]] std::vector<std::int64_t> read_marks(const Hdf5Reader& file, const std::string& name, EntryMark mark,
                                                   RowRange entries);

}  // namespace rankwise
