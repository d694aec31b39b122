// Lists of user ids, one a line.

#include "jobs/wanted_users.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    WantedUsers wanted(fuzz::single_rank(), file.path());
    static_cast<void>(wanted.select(std::vector<std::int64_t>{1, 2, 30}));
    static_cast<void>(wanted.select(std::vector<std::string>{"anna", "ü"}));
    wanted.require_all_found(fuzz::single_rank());
  });
  return 0;
}
