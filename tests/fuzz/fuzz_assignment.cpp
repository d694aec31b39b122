// Assignments of campaigns.

#include "tests/fuzz/file_targets.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_both_ways(input.path(), fuzz::read_assignment_file);
  return 0;
}
