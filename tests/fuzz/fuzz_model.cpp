// Model files: all factors and ids.

#include "io/model.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile input(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const ModelReader file(fuzz::single_rank(), input.path());
    const RowRange users{0, file.users()};
    const RowRange items{0, file.items()};
    fuzz::read_or_refuse([&] { static_cast<void>(file.user_factors(users)); });
    fuzz::read_or_refuse([&] { static_cast<void>(file.item_factors(items)); });
    fuzz::read_or_refuse([&] { static_cast<void>(file.user_ids(users)); });
    fuzz::read_or_refuse([&] { static_cast<void>(file.item_ids(items)); });
  });
  return 0;
}
