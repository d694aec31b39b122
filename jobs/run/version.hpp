#pragma once
// Which program this is.

#include <string>

namespace rankwise {

/// Version and git revision, as provenance of output files: "0.1.0 (1a2b3c4d5e6f)".
[[nodiscard]] std::string program_version();

/// What --version prints: version and revision, compiler, MPI and HDF5 libraries, SIMD target in use.
[[nodiscard]] std::string version_text();

}  // namespace rankwise
