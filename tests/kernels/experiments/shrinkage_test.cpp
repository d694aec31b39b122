// Estimates toward their mean.

#include "kernels/experiments/shrinkage.hpp"

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace rankwise {
namespace {

// The 13 trials of the BCG vaccine (Colditz et al., JAMA 1994): log relative risks. R's metafor, rma(method = "DL"),
// has tau^2 = 0.3088 and the mean -0.7141.
TEST(Shrinkage, DerSimonianAndLairdOfTheVaccine) {
  const std::array<std::array<double, 4>, 13> trials = {{{4, 119, 11, 128},
                                                         {6, 300, 29, 274},
                                                         {3, 228, 11, 209},
                                                         {62, 13536, 248, 12619},
                                                         {33, 5036, 47, 5761},
                                                         {180, 1361, 372, 1079},
                                                         {8, 2537, 10, 619},
                                                         {505, 87886, 499, 87892},
                                                         {29, 7470, 45, 7232},
                                                         {17, 1699, 65, 1600},
                                                         {186, 50448, 141, 27197},
                                                         {5, 2493, 3, 2338},
                                                         {27, 16886, 29, 17825}}};
  std::vector<Estimate> estimates;
  for (const auto& [ill, well, other_ill, other_well] : trials) {
    const double variance = 1 / ill - 1 / (ill + well) + 1 / other_ill - 1 / (other_ill + other_well);
    estimates.push_back({.value = std::log(ill / (ill + well)) - std::log(other_ill / (other_ill + other_well)),
                         .standard_error = std::sqrt(variance)});
  }
  const ShrunkEstimates shrunk = shrink_toward_mean(estimates);
  EXPECT_NEAR(shrunk.variance_between, 0.3088, 5e-5);
  EXPECT_NEAR(shrunk.mean, -0.7141, 5e-5);
  for (std::size_t trial = 0; trial < trials.size(); ++trial) {
    const double variance = estimates[trial].standard_error * estimates[trial].standard_error;
    const double kept = shrunk.variance_between / (shrunk.variance_between + variance);
    EXPECT_NEAR(shrunk.values[trial], shrunk.mean + kept * (estimates[trial].value - shrunk.mean), 1e-14);
  }
}

TEST(Shrinkage, WhatVariesNoMoreThanByChanceBecomesTheMean) {
  const ShrunkEstimates shrunk = shrink_toward_mean(std::array<Estimate, 3>{{{1, 1}, {1.5, 1}, {0.5, 1}}});
  EXPECT_EQ(shrunk.variance_between, 0);
  for (const double value : shrunk.values) EXPECT_DOUBLE_EQ(value, 1);
}

TEST(Shrinkage, UnknownEstimatesAreTheMean) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const ShrunkEstimates shrunk = shrink_toward_mean(std::array<Estimate, 4>{{{2, 0.1}, {nan, 1}, {8, 0.1}, {3, nan}}});
  EXPECT_NEAR(shrunk.mean, 5, 1e-12);
  EXPECT_EQ(shrunk.values[1], shrunk.mean);
  EXPECT_EQ(shrunk.values[3], shrunk.mean);
  EXPECT_NEAR(shrunk.values[0], 2, 0.01);
  EXPECT_DOUBLE_EQ(shrink_toward_mean(std::array<Estimate, 1>{{{7, 3}}}).values[0], 7);
  EXPECT_TRUE(shrink_toward_mean({}).values.empty());
  EXPECT_TRUE(std::isnan(shrink_toward_mean(std::array<Estimate, 1>{{{7, nan}}}).values[0]));
}

}  // namespace
}  // namespace rankwise
