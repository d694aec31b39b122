// Any HDF5 file: its structure, and each of its datasets.

#include "tests/fuzz/file_targets.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  for (const InputCheck check : {InputCheck::digests, InputCheck::none}) fuzz::read_any_file(input.path(), check);
  return 0;
}
