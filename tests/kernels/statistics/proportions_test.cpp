// Lifts, their intervals and tests: values of SciPy 1.10 (contingency.relative_risk, fisher_exact, chi2_contingency).

#include "kernels/statistics/proportions.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace rankwise {
namespace {

TEST(Proportions, FisherIsSciPys) {
  EXPECT_NEAR(fisher_exact_p({10, 8}, {10, 1}), 0.005477494641581329, 1e-14);
  EXPECT_NEAR(fisher_exact_p({50, 3}, {200, 40}), 0.02006004151618529, 1e-13);
  EXPECT_EQ(fisher_exact_p({12, 0}, {300, 5}), 1);
  EXPECT_NEAR(fisher_exact_p({7, 7}, {9, 3}), 0.011363636363636364, 1e-14);
  EXPECT_NEAR(fisher_exact_p({100'000, 1}, {900'000, 30}), 0.3627589819876649, 1e-9);
  EXPECT_NEAR(fisher_exact_p({1000, 120}, {9000, 700}), 1.121279679232415e-05, 1e-14);
  EXPECT_EQ(fisher_exact_p({9, 0}, {4, 0}), 1);
}

TEST(Proportions, FisherAddsUpTablesThatAreNoLikelier) {
  const auto choose = [](int n, int k) {
    return k < 0 || k > n ? 0.0
                          : std::round(std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1)));
  };
  for (int one = 1; one <= 9; ++one) {
    for (int other = 1; other <= 9; ++other) {
      for (int a = 0; a <= one; ++a) {
        for (int b = 0; b <= other; ++b) {
          const auto ways = [&](int count) { return choose(one, count) * choose(other, a + b - count); };
          double sum = 0;
          for (int count = 0; count <= one; ++count) sum += ways(count) <= ways(a) ? ways(count) : 0;
          EXPECT_NEAR(fisher_exact_p({one, a}, {other, b}), sum / choose(one + other, a + b), 1e-12);
        }
      }
    }
  }
}

TEST(Proportions, LiftHasKatzsIntervalAndZTest) {
  const Lift lift = compare_proportions({122, 27}, {487, 44}, 0.95);
  EXPECT_NEAR(lift.ratio, 2.4495156482861398, 1e-14);
  EXPECT_NEAR(lift.interval.low, 1.5836990926700116, 1e-12);
  EXPECT_NEAR(lift.interval.high, 3.7886786315466354, 1e-12);
  EXPECT_EQ(lift.test, ProportionTest::normal);
  EXPECT_NEAR(two_proportion_p({1000, 120}, {9000, 700}), 3.898419387540849e-06, 1e-18);
  EXPECT_EQ(two_proportion_p({5, 5}, {9, 9}), 1);
}

TEST(Proportions, FewExpectedCallForTheExactTest) {
  const Lift few = compare_proportions({10, 8}, {10, 1}, 0.95);  // 4.5 expected
  EXPECT_EQ(few.test, ProportionTest::exact);
  EXPECT_NEAR(few.p, 0.005477494641581329, 1e-14);
  EXPECT_EQ(compare_proportions({10, 8}, {10, 2}, 0.95).test, ProportionTest::normal);  // 5 expected
}

TEST(Proportions, WithoutSuccessesThereIsNoInterval) {
  const Lift none = compare_proportions({20, 0}, {300, 5}, 0.95);
  EXPECT_EQ(none.ratio, 0);
  EXPECT_TRUE(std::isnan(none.interval.low));
  EXPECT_TRUE(std::isinf(compare_proportions({20, 3}, {300, 0}, 0.95).ratio));
  EXPECT_TRUE(std::isnan(compare_proportions({20, 0}, {300, 0}, 0.95).ratio));
  const Lift alone = compare_proportions({20, 3}, {0, 0}, 0.95);
  EXPECT_TRUE(std::isnan(alone.ratio));
  EXPECT_EQ(alone.p, 1);
}

}  // namespace
}  // namespace rankwise
