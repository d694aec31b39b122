// Logs of JSON lines: by usual keys, and by chosen ones with every role in use.

#include "tests/fuzz/log_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  LogOptions options;  // filled in steps: g++ 12 sees uninitialized strings in a temporary
  options.format = TextFormat::json_lines;
  fuzz::read_whole_log(file.path(), options);
  options.missing = MissingRule::skip;
  options.columns = ColumnChoice{"u", "i.a", {"v", "i.b"}, "t", "f"};
  fuzz::read_whole_log(file.path(), options);
  return 0;
}
