// Sparse matrices in HDF5 files, as logs.

#include "tests/fuzz/matrix_log_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rankwise::fuzz::read_matrix_log(data, size);
  return 0;
}
