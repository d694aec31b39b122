#pragma once
// What Lloyd's iterations did, in a file: GROUP/history/inertia (float64), GROUP/history/moved (int64).

#include <string>
#include <vector>

#include "distributed/kmeans/lloyd.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"

namespace rankwise {

/// One value per iteration; every rank has the history, the root writes it. `group` is "" for the root group.
/// Collective, as the writer is.
void write_kmeans_history(const Communicator& comm, Hdf5Writer& file, const std::string& group,
                          const std::vector<LloydIteration>& history);

/// What the file holds of the iterations: inertia and moved rows. Not collective, as the reader is; throws
/// Error(bad_data).
[[nodiscard]] std::vector<LloydIteration> read_kmeans_history(const Hdf5Reader& file, const std::string& group);

}  // namespace rankwise
