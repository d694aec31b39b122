#include "jobs/options/unit_options.hpp"

#include <gtest/gtest.h>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

template <class Parse>
void expect_refused(const Parse& parse, const std::string& message) {
  try {
    (void)parse();
    ADD_FAILURE() << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_EQ(std::string(error.what()), message);
  }
}

TEST(UnitOptions, StoreBytesOrNameTheOption) {
  Index bytes = 0;
  bytes_of("memory-budget", bytes)("4GiB");
  EXPECT_EQ(bytes, Index{4} << 30);
  for (const char* text : {"", "4Gi"}) {
    expect_refused([&] { return parse_bytes("memory-budget", text); },
                   "--memory-budget " + std::string(text) + ": expected a size as in 4GiB, 512MiB or 1.5GB");
  }
}

TEST(UnitOptions, StoreSecondsOrNameTheOption) {
  std::optional<double> seconds;
  duration_of("max-time", seconds)("20min");
  EXPECT_EQ(seconds, 1200);
  EXPECT_EQ(parse_whole_seconds("time-limit", "1.2s"), 2);
  EXPECT_EQ(parse_whole_seconds("time-limit", "4h"), 14400);
  for (const char* text : {"", "20", "1000000-00:00:00"}) {
    expect_refused([&] { return parse_duration("max-time", text); },
                   "--max-time " + std::string(text) + ": expected a time as in 20min, 1.5h, 03:55:00 or 1-12:00:00");
  }
}

}  // namespace
}  // namespace rankwise
