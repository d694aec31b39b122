// Lists of users with one item each: what is known to be wrong in a planted log.

#include "io/log/pair_list.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const PairList pairs = read_pair_list(fuzz::single_rank(), file.path());
    fuzz::require(pairs.users.size() == pairs.items.size(), "each user has an item");
    fuzz::require(pairs.users.size() <= size, "no more pairs than bytes");
  });
  return 0;
}
