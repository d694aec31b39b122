// Checkpoints, with and without a look at their digests.

#include "tests/fuzz/file_targets.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_or_refuse(
      [&] { static_cast<void>(verified_provenance(fuzz::single_rank(), input.path(), checkpoint_kind)); });
  fuzz::read_checkpoint_file(input.path());
  return 0;
}
