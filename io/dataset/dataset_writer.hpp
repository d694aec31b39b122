#pragma once
// Writes the dataset file (io/dataset/dataset.hpp).

#include <optional>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/dataset/provenance.hpp"

namespace rankwise {

/// Writes the file under a temporary name and commits it. `provenance.dataset_digest` becomes the dataset's digest.
/// `deflate_level`: see Hdf5WriterOptions. `tables` have no part in the dataset's digest. Collective over comm; throws
/// AgreedError (cannot_create, io_error).
void write_dataset(const Communicator& comm, const std::string& path, const Dataset& dataset,
                   const Provenance& provenance, int deflate_level = 0, const DatasetTables& tables = {},
                   const std::optional<PseudonymMark>& pseudonyms = std::nullopt);

}  // namespace rankwise
