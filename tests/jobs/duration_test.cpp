#include "jobs/duration.hpp"

#include <gtest/gtest.h>

#include "kernels/error.hpp"

namespace rankwise {
namespace {

TEST(Duration, ReadsUnitsAndSlurmsForm) {
  EXPECT_EQ(parse_duration("max-time", "20min"), 1200);
  EXPECT_EQ(parse_duration("max-time", "1.5 h"), 5400);
  EXPECT_EQ(parse_duration("max-time", "90s"), 90);
  EXPECT_EQ(parse_duration("max-time", "2d"), 172800);
  EXPECT_EQ(parse_duration("max-time", "3:55:00"), 14100);
  EXPECT_EQ(parse_duration("max-time", "1-12:00:00"), 129600);
}

TEST(Duration, RefusesWhatIsNoTime) {
  for (const char* text : {"", "min", "-1h", "0s", "20", "20 minutes", "nan h", "inf s", "1e300s", "1h1", "00:00:00"}) {
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
