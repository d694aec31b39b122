// Comma-separated logs: by their header, and by numbers with every role in use.

#include "tests/fuzz/log_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_whole_log(file.path(), {});
  fuzz::read_whole_log(file.path(), {.format = LogFormat::csv,
                                     .header = HeaderRule::absent,
                                     .missing = MissingRule::skip,
                                     .columns = ColumnChoice{"1", "2", {"3", "4"}, "5", ""}});
  fuzz::read_whole_log(
      file.path(),
      {.format = LogFormat::csv, .header = HeaderRule::automatic, .columns = ColumnChoice{"2", "1", {}, "3", ""}});
  fuzz::read_whole_log(file.path(), {.format = LogFormat::csv, .columns = ColumnChoice{"1", "2", {}, "", "3"}});
  return 0;
}
