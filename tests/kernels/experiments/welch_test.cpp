// Two groups: Welch's test and the relative lift; sample ratios.

#include "kernels/experiments/welch.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>

#include "kernels/experiments/sample_ratio.hpp"

namespace rankwise {
namespace {

const GroupMoments control = moments_of_sums(3407, 1396.87, 52377.9767);
const GroupMoments treated = moments_of_sums(3461, 2422.7, 134698.29);

TEST(Welch, DifferenceOfAPublishedExperiment) {
  const Effect effect = welch_effect(treated, control, 0.95);
  EXPECT_NEAR(effect.value, 0.29, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.1247836, 5e-8);
  EXPECT_NEAR(effect.t, 2.3240228, 5e-8);
  EXPECT_NEAR(effect.degrees_of_freedom, 5841.7420, 5e-5);
  EXPECT_NEAR(effect.p, 0.02016, 5e-6);
  EXPECT_NEAR(effect.interval.low, 0.04538, 5e-6);
  EXPECT_NEAR(effect.interval.high, 0.53462, 5e-6);
}

TEST(Welch, RelativeLiftByTheDeltaMethod) {
  const Effect lift = relative_lift(treated, control, control.mean, 0.95);
  EXPECT_NEAR(lift.value, 0.70732, 5e-6);
  EXPECT_NEAR(lift.interval.low, -0.03526, 5e-6);
  EXPECT_NEAR(lift.interval.high, 1.44989, 5e-6);
  EXPECT_NEAR(lift.p, 0.06191, 5e-6);
}

// scipy.stats.ttest_ind([3, 0, 7.5, 2, 9], [1, 0, 2.5], equal_var=False), SciPy 1.10
TEST(Welch, SmallGroupsAreSciPys) {
  const Effect effect =
      welch_effect(moments_of_sums(5, 21.5, 9 + 56.25 + 4 + 81), moments_of_sums(3, 3.5, 1 + 6.25), 0.95);
  EXPECT_NEAR(effect.t, 1.694863348040354, 1e-12);
  EXPECT_NEAR(effect.p, 0.14813499708381125, 1e-12);
}

TEST(Welch, WithoutVarianceOrMembersNothingIsTested) {
  const GroupMoments same = moments_of_sums(5, 0, 0);
  EXPECT_EQ(welch_effect(same, same, 0.95).value, 0);
  EXPECT_EQ(welch_effect(same, same, 0.95).p, 1);
  EXPECT_TRUE(std::isnan(welch_effect(same, same, 0.95).interval.low));
  EXPECT_EQ(welch_effect(moments_of_sums(1, 3, 9), treated, 0.95).p, 1);
  EXPECT_TRUE(std::isnan(welch_effect(moments_of_sums(0, 0, 0), treated, 0.95).value));
  EXPECT_TRUE(std::isnan(relative_lift(treated, same, 0, 0.95).value));
  EXPECT_EQ(relative_lift(treated, same, 0, 0.95).p, 1);
}

SampleRatioTest ratio(std::int64_t one, std::int64_t other, double weight, double other_weight) {
  return sample_ratio_test(std::array{one, other}, std::array{weight, other_weight});
}

TEST(SampleRatio, Pins) {
  EXPECT_NEAR(ratio(821'588, 815'482, 1, 1).chi_square, 22.774369, 5e-7);
  EXPECT_NEAR(ratio(821'588, 815'482, 1, 1).p, 1.821793e-6, 5e-13);
  EXPECT_TRUE(ratio(821'588, 815'482, 1, 1).is_alarm());
  EXPECT_NEAR(ratio(5000, 5300, 1, 1).chi_square, 8.737864, 5e-7);
  EXPECT_NEAR(ratio(5000, 5300, 0.5, 0.5).p, 0.00311669, 5e-9);
  EXPECT_FALSE(ratio(5000, 5300, 1, 1).is_alarm());
  EXPECT_NEAR(ratio(900, 9100, 1, 9).chi_square, 11.111111, 5e-7);
  EXPECT_NEAR(ratio(900, 9100, 0.1, 0.9).p, 0.00085812, 5e-9);
}

TEST(SampleRatio, GroupsThatShouldBeEmpty) {
  EXPECT_EQ(ratio(100, 0, 1, 0).p, 1);
  EXPECT_EQ(ratio(100, 1, 1, 0).p, 0);
  EXPECT_EQ(ratio(0, 0, 1, 9).p, 1);
  // Three groups have two degrees of freedom: exp(-chi / 2).
  const SampleRatioTest three = sample_ratio_test(std::array<std::int64_t, 3>{60, 30, 10}, std::array{5.0, 4.0, 1.0});
  EXPECT_NEAR(three.p, std::exp(-three.chi_square / 2), 1e-12);
}

}  // namespace
}  // namespace rankwise
