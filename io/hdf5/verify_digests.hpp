#pragma once
// Whether a file still holds the bits that were written: its rows and all else against its digests.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What was found; the same on every rank.
struct Verification {
  std::string kind;  ///< "dataset", "model", ...
  Index datasets = 0;
  Index file_bytes = 0;
  /// One line for each damaged range of rows, and for each other fault: "FILE: /users/factors: rows [0, 8192) are
  /// damaged: ...". Empty if the file is intact.
  std::vector<std::string> faults;
};

/// Reads all of the file once, chunks shared out over the ranks, within some 16 MiB a rank (a row at least). Collective
/// over comm; throws AgreedError if there is nothing to compare: no_input (no such file), bad_data (not HDF5, cut off,
/// or without digests), io_error (ranks read different files).
[[nodiscard]] Verification check_digests(const Communicator& comm, const std::string& path);

/// The same for who needs the file: throws AgreedError(bad_data) with the first fault, which names dataset and rows.
/// Collective over comm.
void verify_digests(const Communicator& comm, const std::string& path);

}  // namespace rankwise
