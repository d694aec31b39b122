// MovieLens' user::item::rating::time.

#include "tests/fuzz/log_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_whole_log(file.path(), {.format = TextFormat::movielens, .header = HeaderRule::absent, .columns = {}});
  fuzz::read_whole_log(file.path(), {.format = TextFormat::movielens, .missing = MissingRule::skip, .columns = {}});
  return 0;
}
