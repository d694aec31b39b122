// Rounding to bfloat16 against exact arithmetic, and the way back in place.

#include "kernels/base/bfloat16.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace rankwise {
namespace {

float rounded(float value) {
  float result = 0;
  kernels::round_to_bfloat16(&value, 1, &result);
  return result;
}

TEST(Bfloat16, RoundsToTheNearestWithTiesToEven) {
  EXPECT_EQ(rounded(0.0F), 0.0F);
  EXPECT_TRUE(std::signbit(rounded(-0.0F)));
  EXPECT_EQ(rounded(1.0F), 1.0F);
  EXPECT_EQ(rounded(1.0F + 0x1p-8F), 1.0F);                // a tie, the lower one is even
  EXPECT_EQ(rounded(1.0F + 3 * 0x1p-8F), 1.0F + 0x1p-6F);  // a tie, the upper one is even
  EXPECT_EQ(rounded(1.0F + 0x1p-8F + 0x1p-20F), 1.0F + 0x1p-7F);
  EXPECT_EQ(rounded(-1.0F - 0x1p-8F - 0x1p-20F), -1.0F - 0x1p-7F);
  EXPECT_EQ(rounded(std::numeric_limits<float>::infinity()), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isinf(rounded(std::numeric_limits<float>::max())));
  EXPECT_TRUE(std::isnan(rounded(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::isnan(rounded(std::bit_cast<float>(0x7f800001U))));  // a NaN whose upper half would be infinite
}

TEST(Bfloat16, LosesNoMoreThanHalfAUnit) {
  std::mt19937 random(3);
  for (int i = 0; i < 100'000; ++i) {
    const float value =
        std::ldexp(std::uniform_real_distribution<float>(-2, 2)(random), static_cast<int>(random() % 60) - 30);
    EXPECT_LE(std::fabs(rounded(value) - value), std::fabs(value) * 0x1p-8F) << value;
  }
}

TEST(Bfloat16, ComesBackInPlaceWhereItFillsTheUpperHalf) {
  for (const Index count : {0, 1, 2, 63, 64, 65, 128, 1000}) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));
    std::vector<std::uint16_t> packed(values.size());
    kernels::pack_bfloat16(values.data(), count, packed.data());
    std::vector<float> expected(values.size());
    kernels::round_to_bfloat16(values.data(), count, expected.data());
    std::vector<float> place(values.size());
    auto* const upper = reinterpret_cast<std::uint16_t*>(place.data()) + count;
    std::memcpy(upper, packed.data(), packed.size() * sizeof(std::uint16_t));
    kernels::unpack_bfloat16(upper, count, place.data());
    EXPECT_EQ(place, expected) << count;
  }
}

}  // namespace
}  // namespace rankwise
