// Estimates and paired tests against numbers of SciPy 1.10.

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "kernels/statistics/estimates.hpp"
#include "kernels/statistics/paired_test.hpp"

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

}  // namespace
}  // namespace rankwise
