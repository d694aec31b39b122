// Comma-separated logs: by their header, and by numbers with every role in use.

#include "tests/fuzz/log_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_whole_log(file.path(), {});
  LogOptions options;  // filled in steps: g++ 12 sees uninitialized strings in a temporary
  options.format = TextFormat::csv;
  options.columns = ColumnChoice{"2", "1", {}, "3", ""};
  fuzz::read_whole_log(file.path(), options);
  options.columns = ColumnChoice{"1", "2", {}, "", "3"};
  fuzz::read_whole_log(file.path(), options);
  options.header = HeaderRule::absent;
  options.missing = MissingRule::skip;
  options.columns = ColumnChoice{"1", "2", {"3", "4"}, "5", "", "4", "2"};
  options.filter.condition = parse_condition("--where", "1 != 3 and not 4 is missing");
  options.filter.since_microseconds = 86'400'000'000;
  options.filter.event_weights = EventWeights("b=2,other=0");
  fuzz::read_whole_log(file.path(), options);
  return 0;
}
