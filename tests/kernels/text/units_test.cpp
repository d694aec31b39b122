#include "kernels/text/units.hpp"

#include <gtest/gtest.h>

namespace rankwise {
namespace {

TEST(ByteSize, ReadsNumbersWithUnits) {
  EXPECT_EQ(parse_bytes("17"), 17);
  EXPECT_EQ(parse_bytes("4GiB"), Index{4} << 30);
  EXPECT_EQ(parse_bytes("1.5 GB"), 1'500'000'000);
  EXPECT_EQ(parse_bytes("0.5KiB"), 512);
  EXPECT_EQ(parse_bytes("2TiB"), Index{1} << 41);
}

TEST(ByteSize, RefusesWhatIsNoSize) {
  for (const char* text : {"", "GiB", "-1GiB", "0", "4Gi", "4 gib", "nan", "inf", "1e300", "4GiB4", "0.1"}) {
    EXPECT_FALSE(parse_bytes(text)) << text;
  }
}

TEST(ByteSize, WritesThemShort) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.50 KiB");
  EXPECT_EQ(bytes_text(4.0 * (1LL << 30)), "4.00 GiB");
}

TEST(Duration, ReadsUnitsAndSlurmsForm) {
  EXPECT_EQ(parse_duration("20min"), 1200);
  EXPECT_EQ(parse_duration("1.5 h"), 5400);
  EXPECT_EQ(parse_duration("90s"), 90);
  EXPECT_EQ(parse_duration("2d"), 172800);
  EXPECT_EQ(parse_duration("30m"), 1800);
  EXPECT_EQ(parse_duration("4h"), 14400);
  EXPECT_EQ(parse_duration("1h30m"), 5400);
  EXPECT_EQ(parse_duration("1d 2h 3min 4.5s"), 93784.5);
  EXPECT_EQ(parse_duration("3:55:00"), 14100);
  EXPECT_EQ(parse_duration("1-12"), 129600);
  EXPECT_EQ(parse_duration("1-12:30"), 131400);
  EXPECT_EQ(parse_duration("1-12:00:00"), 129600);
}

TEST(Duration, RefusesWhatIsNoTime) {
  for (const char* text : {"", "min", "-1h", "0s", "20", "20 minutes", "nan h", "inf s", "1e300s", "1h1", "00:00:00",
                           "4:00", "1h 1", "h", "1-", "1hm", "1e23s", "1000000-00:00:00"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(TimeLimit, ReadsBackWhatItWrites) {
  EXPECT_EQ(time_limit_text(59), "00:00:59");
  EXPECT_EQ(time_limit_text(36 * 3600 + 61), "1-12:01:01");
  for (const std::int64_t seconds : {1L, 3600L, 86'399L, 86'400L, 1'000'000L}) {
    EXPECT_EQ(parse_time_limit(time_limit_text(seconds)), seconds);
  }
  EXPECT_EQ(parse_time_limit("4:00:00"), 4 * 3600);
  EXPECT_EQ(parse_time_limit("2-04"), 52 * 3600);
  EXPECT_EQ(parse_time_limit("2-04:30"), 52 * 3600 + 1800);
  for (const char* wrong : {"", "4", "4:00", "04:60:00", "04:00:61", "-1:00:00", "1-", "x", "00:00:00", "04:00:00 "}) {
    EXPECT_FALSE(parse_time_limit(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace rankwise
