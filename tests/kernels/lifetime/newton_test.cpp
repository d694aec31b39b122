// Newton's method within a trust region, on surfaces whose maxima are known.

#include "kernels/lifetime/newton.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace rankwise {
namespace {

SurfacePoint rosenbrock(std::span<const double> at) {
  const double x = at[0];
  const double y = at[1];
  const double d = y - x * x;
  return {-(100 * d * d + (1 - x) * (1 - x)),
          {400 * x * d + 2 * (1 - x), -200 * d},
          {400 * d - 800 * x * x - 2, 400 * x, 400 * x, -200}};
}

TEST(Newton, FollowsABentValley) {
  const SurfaceMaximum found = newton_maximum(rosenbrock, {-1.2, 1});
  EXPECT_NEAR(found.point[0], 1, 1e-6);
  EXPECT_NEAR(found.point[1], 1, 1e-6);
  EXPECT_LT(found.steps, 60);
}

TEST(Newton, ErrorsAreThoseOfTheCurvature) {
  const SurfaceMaximum found = newton_maximum(
      [](std::span<const double> at) {
        return SurfacePoint{
            -50 * at[0] * at[0] - 200 * at[1] * at[1], {-100 * at[0], -400 * at[1]}, {-100, 0, 0, -400}};
      },
      {1, 1});
  EXPECT_EQ(found.state, FitState::converged);
  EXPECT_NEAR(found.standard_errors[0], 0.1, 1e-12);
  EXPECT_NEAR(found.standard_errors[1], 0.05, 1e-12);
}

TEST(Newton, LeavesASaddle) {
  // -x^4 + x^2: a minimum at 0 between two maxima.
  const SurfaceMaximum found = newton_maximum(
      [](std::span<const double> at) {
        const double x = at[0];
        return SurfacePoint{100 * (x * x - x * x * x * x), {100 * (2 * x - 4 * x * x * x)}, {100 * (2 - 12 * x * x)}};
      },
      {1e-3});
  EXPECT_NEAR(found.point[0], std::sqrt(0.5), 1e-6);
}

TEST(Newton, EndsAtTheBorderAndOnAPlain) {
  const SurfaceMaximum rising = newton_maximum(
      [](std::span<const double> at) {
        return SurfacePoint{at[0], {1}, {0}};
      },
      {0});
  EXPECT_EQ(rising.state, FitState::at_border);
  const SurfaceMaximum plain = newton_maximum(
      [](std::span<const double>) {
        return SurfacePoint{-1, {0}, {0}};
      },
      {0.5});
  EXPECT_EQ(plain.state, FitState::flat);
  EXPECT_TRUE(std::isnan(plain.standard_errors[0]));
}

TEST(Newton, HoldsWhatReachesTheBorderAndFindsTheRest) {
  // Rises with x for ever, and has its maximum at y = 3 whatever x is.
  const SurfaceMaximum found = newton_maximum(
      [](std::span<const double> at) {
        const double d = at[1] - 3;
        return SurfacePoint{at[0] - 50 * d * d, {1, -100 * d}, {0, 0, 0, -100}};
      },
      {0, -8});
  EXPECT_EQ(found.state, FitState::at_border);
  EXPECT_EQ(found.point[0], border_of_logarithms);
  EXPECT_NEAR(found.point[1], 3, 1e-6);
  EXPECT_TRUE(std::isnan(found.standard_errors[0]));
  EXPECT_NEAR(found.standard_errors[1], 0.1, 1e-9);
}

TEST(Newton, DoesNotStepWhereTheValueIsNoNumber) {
  const SurfaceMaximum found = newton_maximum(
      [](std::span<const double> at) {  // ln x - x, by x itself
        const double x = at[0];
        const double value = x > 0 ? std::log(x) - x : std::numeric_limits<double>::quiet_NaN();
        return SurfacePoint{100 * value, {100 * (1 / x - 1)}, {-100 / (x * x)}};
      },
      {3});
  EXPECT_NEAR(found.point[0], 1, 1e-6);
  EXPECT_EQ(found.state, FitState::converged);
}

}  // namespace
}  // namespace rankwise
