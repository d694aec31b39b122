#include "kernels/text/byte_size.hpp"

#include <gtest/gtest.h>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

TEST(ByteSize, ReadsNumbersWithUnits) {
  EXPECT_EQ(parse_bytes("memory-budget", "17"), 17);
  EXPECT_EQ(parse_bytes("memory-budget", "4GiB"), Index{4} << 30);
  EXPECT_EQ(parse_bytes("memory-budget", "1.5 GB"), 1'500'000'000);
  EXPECT_EQ(parse_bytes("memory-budget", "0.5KiB"), 512);
  EXPECT_EQ(parse_bytes("memory-budget", "2TiB"), Index{1} << 41);
}

TEST(ByteSize, RefusesWhatIsNoSize) {
  for (const char* text : {"", "GiB", "-1GiB", "0", "4Gi", "4 gib", "nan", "inf", "1e300", "4GiB4", "0.1"}) {
    try {
      (void)parse_bytes("memory-budget", text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_EQ(std::string(error.what()),
                "--memory-budget " + std::string(text) + ": expected a size as in 4GiB, 512MiB or 1.5GB");
    }
  }
}

TEST(ByteSize, WritesThemShort) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.50 KiB");
  EXPECT_EQ(bytes_text(4.0 * (1LL << 30)), "4.00 GiB");
}

}  // namespace
}  // namespace rankwise
