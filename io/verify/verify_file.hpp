#pragma once
// Whether a file still holds what was written: its rows and all else against its digests, its structure against its
// kind.

#include <string>

#include "distributed/comm/communicator.hpp"
#include "io/hdf5/verify_digests.hpp"

namespace rankwise {

/// check_digests(), and the structure, if no digest speaks against it; of the manifest of several files of lists, these
/// files (check_listed_files()). Collective over comm; throws AgreedError as these two.
[[nodiscard]] Verification check_file(const Communicator& comm, const std::string& path);

}  // namespace rankwise
