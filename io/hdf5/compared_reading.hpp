#pragma once
// Reads rows whose chunks are compared with their digests. For the HDF5 reader only: it shows the C API.

#include "io/hdf5/compared_rows.hpp"
#include "io/hdf5/library/row_transfer.hpp"

namespace rankwise {

/// Rows as OpenDataset::transfer(); each of their chunks that was not compared before is compared now. No byte is read
/// twice for it: a chunk that is wanted whole is compared where it will stay, of any other one the bytes are held for
/// who reads the rest. Not collective; throws Error (bad_data for a chunk that differs, io_error).
void read_compared(const OpenDataset& dataset, ComparedRows& known, RowRange rows, const RowPlace& place);

}  // namespace rankwise
