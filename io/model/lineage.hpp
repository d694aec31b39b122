#pragma once
// The models that a model descends from by warm starts, in a file: lists of digests.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"

namespace rankwise {

/// `/lineage`: digests of models, the nearest ancestor first. No dataset stands for none. Writing is collective, as the
/// writer is; reading is local and throws Error(bad_data).
void write_lineage(const Communicator& comm, Hdf5Writer& file, const std::vector<std::uint64_t>& digests);
[[nodiscard]] std::vector<std::uint64_t> read_lineage(const Hdf5Reader& file);

/// Likewise a list of digests in the dataset `name`.
void write_digests(const Communicator& comm, Hdf5Writer& file, const std::string& name,
                   const std::vector<std::uint64_t>& digests);
[[nodiscard]] std::vector<std::uint64_t> read_digests(const Hdf5Reader& file, const std::string& name);

}  // namespace rankwise
