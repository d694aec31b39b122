// Propensities of customers, and the model that says them.

#include "tests/fuzz/file_targets.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_both_ways(input.path(), fuzz::read_propensity_file);
  return 0;
}
