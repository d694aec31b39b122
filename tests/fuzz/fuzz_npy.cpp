// NumPy's matrices: every row, and as rows to cluster.

#include <vector>

#include "io/points/npy_file.hpp"
#include "io/points/points_file.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const NpyFile file(input.path());
    const RowRange last{std::max<Index>(0, file.rows() - 2), file.rows()};
    std::vector<double> values(static_cast<std::size_t>(last.size() * file.columns()));
    file.read_rows(last, values);
  });
  fuzz::read_or_refuse([&] { static_cast<void>(read_points(fuzz::single_rank(), {.path = input.path()})); });
  return 0;
}
