// Tab-separated logs.

#include "tests/fuzz/log_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_whole_log(file.path(), {.format = LogFormat::tsv, .columns = {}});
  fuzz::read_whole_log(file.path(), {.format = LogFormat::tsv,
                                     .header = HeaderRule::absent,
                                     .missing = MissingRule::skip,
                                     .columns = ColumnChoice{"1", "2", {"3"}, "4", ""}});
  return 0;
}
