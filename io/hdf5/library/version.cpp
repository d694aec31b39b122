#include "io/hdf5/library/version.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include "kernels/base/error.hpp"

namespace rankwise {

std::string hdf5_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  if (H5get_libversion(&major, &minor, &release) < 0) throw Error(ExitCode::internal, "HDF5 does not tell its version");
  return fmt::format("{}.{}.{}", major, minor, release);
}

}  // namespace rankwise
