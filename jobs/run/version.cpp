#include "jobs/run/version.hpp"

#include <array>
#include <fmt/format.h>
#include <mpi.h>

#include "io/hdf5/library/version.hpp"
#include "jobs/run/revision.hpp"
#include "kernels/dense/simd_target.hpp"

namespace rankwise {

namespace {

std::string mpi_library() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string version = text.data();
  return version.substr(0, version.find(','));  // the rest tells who packaged it
}

}  // namespace

std::string program_version() {
  return fmt::format("{} ({})", version_number(), git_revision());
}

std::string version_text() {
  return fmt::format("rankwise {}\ngit revision {}\ncompiler g++ {}\nMPI {}\nHDF5 {}\nSIMD target {}\n",
                     version_number(), git_revision(), __VERSION__, mpi_library(), hdf5_version(),
                     kernels::simd_target());
}

}  // namespace rankwise
