#pragma once
// Id dictionaries in HDF5 files: int64, or fixed-length UTF-8 strings padded with NUL.

#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Bytes that the dataset will take in a file. Collective over comm.
[[nodiscard]] Index id_bytes(const Communicator& comm, const IdRows& ids);

/// Says in AnnData's words what a dataset is ("array", "string-array"). Collective, as the writer is.
void mark_array(Hdf5Writer& file, const std::string& name, std::string_view encoding_type);

/// Collective over comm. All ranks that have ids hold the same kind of ids.
void write_ids(const Communicator& comm, Hdf5Writer& file, const std::string& name, const IdRows& ids);

/// Number of ids; throws Error(bad_data) when the dataset holds no ids. Not collective, as the reader is.
[[nodiscard]] Index id_rows(const Hdf5Reader& file, const std::string& name);

/// The ids of `rows`; integers are checked to be >= 0. Not collective.
[[nodiscard]] IdRows read_ids(const Hdf5Reader& file, const std::string& name, RowRange rows);

}  // namespace rankwise
