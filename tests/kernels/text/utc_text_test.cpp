#include "kernels/text/utc_text.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>

namespace rankwise {
namespace {

TEST(Moment, IsWrittenInUtc) {
  EXPECT_EQ(utc_text(0), "1970-01-01 00:00:00");
  EXPECT_EQ(utc_text(1'291'191'960), "2010-12-01 08:26:00");
  EXPECT_EQ(utc_text(-1), "1969-12-31 23:59:59");
  EXPECT_EQ(utc_text(253'402'300'799), "9999-12-31 23:59:59");
  EXPECT_EQ(utc_text(253'402'300'800), "253402300800 s after 1970");
  EXPECT_EQ(utc_text(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808 s after 1970");
}

}  // namespace
}  // namespace rankwise
