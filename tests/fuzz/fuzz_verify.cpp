// Files of every kind against their digests, and against what each kind promises: damage that digests would tell is
// looked at by those checks too.

#include "tests/fuzz/file_targets.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::verify_any_file(input.path());
  for (const char* const kind : {"dataset", "model", "checkpoint", "clustering", user_metrics_kind, profile_kind,
                                 assignment_kind, propensity_kind}) {
    fuzz::read_or_refuse([&] { verify_structure(fuzz::single_rank(), input.path(), kind); });
  }
  return 0;
}
