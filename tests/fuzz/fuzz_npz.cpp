// Sparse matrices in .npz files, as logs.

#include "io/matrices/matrix_log.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    if (!is_matrix_file(input.path())) return;
    const InteractionLog log = read_matrix_logs(fuzz::single_rank(), {input.path()}).log;
    fuzz::require(static_cast<Index>(log.values.size()) == log.size() && log.users.size() == log.size() &&
                      log.items.size() == log.size(),
                  "columns of a log are of one length");
    for (const double value : log.values) fuzz::require(value - value == 0, "values of a log are finite");
  });
  return 0;
}
