// Estimates and paired tests against numbers of SciPy 1.10.

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <vector>

#include "kernels/statistics/estimates.hpp"
#include "kernels/statistics/multiple_tests.hpp"
#include "kernels/statistics/paired_test.hpp"
#include "kernels/statistics/signed_rank.hpp"

namespace rankwise {
namespace {

const std::vector<double> values{0.31, 0.295, 0.342, 0.288, 0.301};
const std::vector<double> others{0.29, 0.301, 0.33, 0.27, 0.299};
constexpr double close = 1e-13;

std::vector<double> differences() {
  std::vector<double> all;
  for (std::size_t v = 0; v < values.size(); ++v) all.push_back(values[v] - others[v]);
  return all;
}

TEST(Estimates, AreThoseOfScipy) {
  const double mean = mean_of(values);
  EXPECT_NEAR(mean, 0.30720000000000003, close);
  EXPECT_NEAR(deviation_of(values, mean), 0.021064187617850366, close);
}

TEST(Estimates, OfTooFewValuesAreNoNumbers) {
  EXPECT_TRUE(std::isnan(mean_of({})));
  EXPECT_EQ(mean_of(std::array{2.5}), 2.5);
  EXPECT_TRUE(std::isnan(deviation_of(std::array{2.5}, 2.5)));
  EXPECT_TRUE(std::isnan(half_interval(1, 1, 0.95)));
}

TEST(Estimates, GiveStudentsInterval) {
  constexpr double standard_error = 0.009420191080864556;
  constexpr double close_quantile = 1e-10;  // scipy 1.10 has this quantile of four degrees to a relative 2e-9 only
  EXPECT_NEAR(half_interval(standard_error, values.size(), 0.90), 0.020082404035313917, close_quantile);
  EXPECT_NEAR(half_interval(standard_error, values.size(), 0.95), 0.026154643416494372, close_quantile);
  EXPECT_NEAR(half_interval(standard_error, values.size(), 0.99), 0.043371453443166286, close_quantile);
}

TEST(Estimates, SplitVarianceOverGroups) {
  const std::array<double, 6> six{1, 2, 4, 3, 7, 5};
  const std::array<std::string, 6> groups{"a", "a", "b", "b", "c", "c"};
  EXPECT_NEAR(variance_between(six, groups), 0.8714285714285714, close);
  const std::array<double, 6> equal{3, 3, 3, 3, 3, 3};
  EXPECT_EQ(variance_between(equal, groups), 0);
}

TEST(PairedTest, WithoutACorrectionIsScipysOfRelatedSamples) {
  const PairedTest test = paired_test(differences(), 0);
  EXPECT_NEAR(test.difference, 0.0092, close);
  EXPECT_NEAR(test.t, 1.8686222665154908, 1e-11);
  EXPECT_NEAR(test.p, 0.1350461626182913, 1e-11);
}

TEST(PairedTest, IsCorrectedForSharedTrainingData) {
  const PairedTest test = paired_test(differences(), 0.25);
  EXPECT_NEAR(test.standard_error, 0.007385120175054701, close);
  EXPECT_NEAR(test.t, 1.2457481776769939, 1e-11);
  EXPECT_NEAR(test.p, 0.28084132237390536, 1e-11);
}

TEST(PairedTest, OfOnePairOrEqualDifferencesHasAnAnswer) {
  const PairedTest single = paired_test(std::array{0.5}, 0.25);
  EXPECT_EQ(single.difference, 0.5);
  EXPECT_TRUE(std::isnan(single.standard_error));
  EXPECT_EQ(single.p, 1);
  EXPECT_EQ(paired_test(std::array{0.5, 0.5, 0.5}, 0).p, 0);
  EXPECT_EQ(paired_test(std::array{0.0, 0.0, 0.0}, 0).p, 1);
}

TEST(PairedTest, OfAMeanIsThatOfItsPairs) {
  const PairedTest whole = paired_test(differences(), 0);
  const PairedTest test = paired_test_of_mean(whole.difference, whole.standard_error, values.size());
  EXPECT_EQ(test.t, whole.t);
  EXPECT_EQ(test.p, whole.p);
}

TEST(PercentileInterval, InterpolatesLikeNumpy) {
  const std::array<double, 13> sample{0.31,  0.295, 0.342, 0.288, 0.301, 0.31, 0.295,
                                      0.342, 0.288, 0.301, 0.4,   0.1,   0.27};
  const Interval wide = percentile_interval(sample, 0.95);
  EXPECT_NEAR(wide.low, 0.15100000000000002, close);
  EXPECT_NEAR(wide.high, 0.3826, close);
  const Interval narrow = percentile_interval(sample, 0.90);
  EXPECT_NEAR(narrow.low, 0.202, close);
  EXPECT_NEAR(narrow.high, 0.36519999999999997, close);
  EXPECT_EQ(percentile_interval(std::array{2.5}, 0.95).high, 2.5);
}

TEST(PercentileInterval, OfNothingOrANaNIsNone) {
  EXPECT_TRUE(std::isnan(percentile_interval({}, 0.95).low));
  const std::array<double, 2> broken{1, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_TRUE(std::isnan(percentile_interval(broken, 0.95).low));
  EXPECT_TRUE(std::isnan(percentile_interval(broken, 0.95).high));
}

TEST(SignedRankTest, IsScipysWithTiesAndZeros) {
  std::vector<double> pairs{0.02, -0.006, 0.012, 0.018, 0.002, 0, 0.018, -0.018, 0.031, -0.012, 0.05, 0.006, 0, 0.027};
  const SignedRankTest test = signed_rank_test(signed_magnitudes(pairs));
  EXPECT_EQ(test.pairs, 12);
  EXPECT_EQ(test.positive_ranks, 64);
  EXPECT_EQ(test.negative_ranks, 14);
  EXPECT_NEAR(test.z, -1.9657028349268786, 1e-12);
  EXPECT_NEAR(test.p, 0.04933294716674134, 1e-13);
  std::reverse(pairs.begin(), pairs.end());
  EXPECT_EQ(signed_rank_test(signed_magnitudes(pairs)).p, test.p);
  std::vector<SignedMagnitude> pieces = signed_magnitudes(std::span(pairs).first(5));
  for (const SignedMagnitude& magnitude : signed_magnitudes(std::span(pairs).subspan(5))) pieces.push_back(magnitude);
  EXPECT_EQ(signed_rank_test(merged(pieces)).p, test.p);
  const std::array<double, 12> distinct{-0.5, 0.25, -0.75, -1.0, 2.0, -3.0, -4, -5, -6, -7.5, 8, 9};
  EXPECT_NEAR(signed_rank_test(signed_magnitudes(distinct)).p, 0.43276758066778476, 1e-13);
}

TEST(SignedRankTest, OfEqualPairsFindsNothing) {
  EXPECT_EQ(signed_rank_test({}).p, 1);
  const SignedRankTest test = signed_rank_test(signed_magnitudes(std::array{0.0, 0.0}));
  EXPECT_EQ(test.pairs, 0);
  EXPECT_EQ(test.p, 1);
}

/// The example of Benjamini and Hochberg (1995), in its order and from back to front.
TEST(AdjustedPValues, AreThoseOfTheirAuthors) {
  std::vector<double> p{.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344,
                        .0459, .3240, .4262, .5719, .6528, .7590, 1};
  const std::vector<double> expected{
      .0015, .0030, .0095, .035625,           .0603,   .06385714285714286, .06385714285714286,
      .0645, .0765, .4860, .5811818181818182, .714875, .7532307692307694,  .8132142857142857,
      1};
  std::vector<double> adjusted = adjusted_p_values(p);
  for (std::size_t test = 0; test < p.size(); ++test) EXPECT_NEAR(adjusted[test], expected[test], close) << test;
  EXPECT_EQ(std::count_if(adjusted.begin(), adjusted.end(), [](double value) { return value <= 0.05; }), 4);
  std::reverse(p.begin(), p.end());
  std::vector<double> reversed = adjusted_p_values(p);
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(reversed, adjusted);
}

TEST(AdjustedPValues, LeaveOutWhatIsNoTest) {
  const std::vector<double> adjusted =
      adjusted_p_values(std::array{0.04, std::numeric_limits<double>::quiet_NaN(), 0.01});
  EXPECT_DOUBLE_EQ(adjusted[0], 0.04);
  EXPECT_TRUE(std::isnan(adjusted[1]));
  EXPECT_DOUBLE_EQ(adjusted[2], 0.02);
  EXPECT_TRUE(adjusted_p_values({}).empty());
}

}  // namespace
}  // namespace rankwise
