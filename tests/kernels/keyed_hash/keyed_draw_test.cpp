#include "kernels/keyed_hash/keyed_draw.hpp"

#include <gtest/gtest.h>
#include <string>

namespace rankwise {
namespace {

TEST(KeyedDraw, IsTheBeginOfTheHashOfPurposeAndId) {
  // Of RFC 4231's second case, whose text has no NUL: by the same construction over HmacSha256, byte after byte.
  const std::string key = "Jefe";
  const Sha256Digest digest = HmacSha256(key).of(std::string("spring") + '\0' + "user 5");
  std::uint64_t expected = 0;
  for (int b = 0; b < 8; ++b) expected = expected * 256 + digest[static_cast<std::size_t>(b)];
  EXPECT_EQ(KeyedDraw(key, "spring").of("user 5"), expected);
  // python3: hmac.new(b"Jefe", b"spring\0user 5", "sha256").digest()[:8]
  EXPECT_EQ(KeyedDraw(key, "spring").of("user 5"), 8218632443808327885U);
  EXPECT_EQ(KeyedDraw(key, "").of("5"), 13827322590531771670U);
}

TEST(KeyedDraw, PurposeAndIdDoNotRunTogether) {
  EXPECT_NE(KeyedDraw("Jefe", "spring").of("5"), KeyedDraw("Jefe", "spring5").of(""));
  EXPECT_NE(KeyedDraw("Jefe", "").of("5"), KeyedDraw("Jefe", "5").of(""));
}

}  // namespace
}  // namespace rankwise
