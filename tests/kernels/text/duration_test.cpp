#include "kernels/text/duration.hpp"

#include <gtest/gtest.h>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

TEST(Duration, ReadsUnitsAndSlurmsForm) {
  EXPECT_EQ(parse_duration("max-time", "20min"), 1200);
  EXPECT_EQ(parse_duration("max-time", "1.5 h"), 5400);
  EXPECT_EQ(parse_duration("max-time", "90s"), 90);
  EXPECT_EQ(parse_duration("max-time", "2d"), 172800);
  EXPECT_EQ(parse_duration("max-time", "30m"), 1800);
  EXPECT_EQ(parse_duration("max-time", "4h"), 14400);
  EXPECT_EQ(parse_duration("max-time", "1h30m"), 5400);
  EXPECT_EQ(parse_duration("max-time", "1d 2h 3min 4.5s"), 93784.5);
  EXPECT_EQ(parse_duration("max-time", "3:55:00"), 14100);
  EXPECT_EQ(parse_duration("max-time", "1-12"), 129600);
  EXPECT_EQ(parse_duration("max-time", "1-12:30"), 131400);
  EXPECT_EQ(parse_whole_seconds("time-limit", "1.2s"), 2);
  EXPECT_EQ(parse_whole_seconds("time-limit", "4h"), 14400);
  EXPECT_EQ(parse_duration("max-time", "1-12:00:00"), 129600);
}

TEST(Duration, RefusesWhatIsNoTime) {
  for (const char* text : {"", "min", "-1h", "0s", "20", "20 minutes", "nan h", "inf s", "1e300s", "1h1", "00:00:00",
                           "4:00", "1h 1", "h", "1-", "1hm", "1e23s", "1000000-00:00:00"}) {
    try {
      (void)parse_duration("max-time", text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_EQ(std::string(error.what()),
                "--max-time " + std::string(text) + ": expected a time as in 20min, 1.5h, 03:55:00 or 1-12:00:00");
    }
  }
}

}  // namespace
}  // namespace rankwise
