#include "kernels/base/philox.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace rankwise {
namespace {

// Known answers of Random123's kat_vectors for philox4x32 10.
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, IsUniformAndSeparatesSeedsPurposesAndRows) {
  const RandomStream stream(42, RandomPurpose::holdout);
  double sum = 0;
  double squares = 0;
  constexpr int draws = 20000;
  for (int i = 0; i < draws; ++i) {
    const double value = stream.uniform(i / 100, static_cast<std::uint32_t>(i % 100));
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / draws, 0.5, 0.01);
  EXPECT_NEAR(squares / draws, 1.0 / 3.0, 0.01);
  EXPECT_NE(stream.words(1, 0), stream.words(0, 1));
  EXPECT_NE(stream.words(1, 0), RandomStream(43, RandomPurpose::holdout).words(1, 0));
  EXPECT_NE(stream.words(1, 0), RandomStream(42, RandomPurpose::initial_items).words(1, 0));
  EXPECT_NE(stream.words(1, 0), stream.words((Index{1} << 32) + 1, 0));
}

}  // namespace
}  // namespace rankwise
