// MatrixMarket coordinate files.

#include "tests/fuzz/log_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_whole_log(file.path(), {.format = TextFormat::matrix_market, .columns = {}});
  return 0;
}
