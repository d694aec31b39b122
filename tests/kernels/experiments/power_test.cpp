// Sizes of groups and least detectable effects.

#include "kernels/experiments/power.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace rankwise {
namespace {

// Fleiss, Levin and Paik's formula, as R's power.prop.test has it.
TEST(Power, GroupSizesArePublishedOnes) {
  EXPECT_NEAR(proportion_group_size(0.10, 0.11), 14'750.79, 0.5);
  EXPECT_NEAR(proportion_group_size(0.02, 0.022), 80'681.38, 0.01);
  EXPECT_NEAR(proportion_group_size(0.5, 0.6), 387.34, 0.01);
  EXPECT_DOUBLE_EQ(proportion_group_size(0.5, 0.6), proportion_group_size(0.6, 0.5));
  EXPECT_TRUE(std::isinf(proportion_group_size(0.5, 0.5)));
}

TEST(Power, LeastRiseIsTheOneThatTheGroupSizeIsFor) {
  for (const double share : {0.0, 0.02, 0.1, 0.5, 0.9}) {
    const double rise = 0.05;
    const double size = proportion_group_size(share, share + rise);
    EXPECT_NEAR(least_detectable_rise(share, size, size), rise, 1e-9) << share;
  }
  EXPECT_GT(least_detectable_rise(0.1, 9000, 1000), least_detectable_rise(0.1, 5000, 5000));
  EXPECT_TRUE(std::isnan(least_detectable_rise(0.99, 10, 10)));
  EXPECT_TRUE(std::isnan(least_detectable_rise(0.1, 0, 10)));
  EXPECT_TRUE(std::isnan(least_detectable_rise(1, 100, 100)));
}

TEST(Power, LeastDifferenceOfMeans) {
  // (1.959964 + 0.841621) sqrt(25 (1/900 + 1/100)); lower power and a higher error need less.
  EXPECT_NEAR(least_detectable_difference(25, 900, 100), 2.801585218 * 5 * std::sqrt(1.0 / 900 + 1.0 / 100), 1e-8);
  EXPECT_NEAR(least_detectable_difference(1, 1, 1, {.significance = 0.1, .power = 0.5}), 1.644853627 * std::sqrt(2.0),
              1e-8);
  EXPECT_EQ(least_detectable_difference(0, 10, 10), 0);
  EXPECT_TRUE(std::isnan(least_detectable_difference(25, 900, 0)));
  EXPECT_NEAR(least_detectable_effect(0.4), 2.801585218 * 0.4, 1e-9);
}

}  // namespace
}  // namespace rankwise
