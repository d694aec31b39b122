// Lists of user ids.

#include <algorithm>

#include "io/log/id_list.hpp"
#include "jobs/lists/wanted_ids.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    WantedIds wanted(read_user_list(fuzz::single_rank(), file.path()), file.path());
    static_cast<void>(wanted.select(std::vector<std::int64_t>{1, 2, 30}));
    static_cast<void>(wanted.select(std::vector<std::string>{"anna", "ü"}));
    for (const std::string& id : wanted.unknown(fuzz::single_rank())) {
      const auto is_control = [](unsigned char c) { return c < ' '; };
      fuzz::require(std::ranges::none_of(wanted.place_of(id), is_control), "messages hold no control signs");
    }
  });
  return 0;
}
