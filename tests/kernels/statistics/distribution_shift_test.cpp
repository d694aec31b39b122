// Drift of distributions: values of SciPy 1.10 (special.kolmogorov, chi2_contingency) and NumPy.

#include "kernels/statistics/distribution_shift.hpp"

#include <array>
#include <cmath>
#include <gtest/gtest.h>

namespace rankwise {
namespace {

using Counts = std::array<std::int64_t, 4>;

TEST(DistributionShift, StabilityIndexIsItsFormula) {
  EXPECT_NEAR(population_stability_index(Counts{10, 20, 30, 40}, Counts{25, 25, 25, 25}), 0.22821740957339182, 1e-15);
  EXPECT_EQ(population_stability_index(Counts{10, 20, 30, 40}, Counts{20, 40, 60, 80}), 0);
}

TEST(DistributionShift, EmptyBinsKeepTheIndexFinite) {
  EXPECT_EQ(population_stability_index(Counts{5, 5, 0, 0}, Counts{50, 50, 0, 0}), 0);
  const double index = population_stability_index(Counts{4, 6, 0, 0}, Counts{4, 0, 0, 0});
  const double p = 6.5 / 11;
  const double q = 0.5 / 5;
  const double rest = (4.5 / 5 - 4.5 / 11) * std::log(4.5 / 5 * 11 / 4.5);
  EXPECT_NEAR(index, (q - p) * std::log(q / p) + rest, 1e-14);
  EXPECT_TRUE(std::isnan(population_stability_index(Counts{}, Counts{1, 2, 3, 4})));
}

TEST(DistributionShift, KolmogorovsLimitIsSciPys) {
  const std::array<std::array<double, 2>, 10> known{{{0.1, 1.0},
                                                     {0.3, 0.9999906941986655},
                                                     {0.5, 0.9639452436648751},
                                                     {0.9, 0.3927307079406543},
                                                     {0.99999, 0.27001039131729154},
                                                     {1, 0.26999967167735456},
                                                     {1.2, 0.11224966667072497},
                                                     {1.6276, 0.010001537333060776},
                                                     {2.5, 7.453306344157342e-06},
                                                     {5, 3.8574996959278356e-22}}};
  for (const auto& [x, p] : known) EXPECT_NEAR(kolmogorov_survival(x), p, 1e-14 + 1e-12 * p) << x;
  EXPECT_EQ(kolmogorov_survival(0), 1);
  EXPECT_NEAR(kolmogorov_smirnov_test(0.25, 64, 64).p, kolmogorov_survival(std::sqrt(2.0)), 1e-15);
  EXPECT_TRUE(std::isnan(kolmogorov_smirnov_test(0, 0, 64).p));
}

TEST(DistributionShift, ChiSquareIsSciPys) {
  const TwoSampleTest test = chi_square_test(Counts{10, 20, 0, 30}, Counts{15, 15, 0, 40});
  EXPECT_NEAR(test.statistic, 2.3877551020408165, 1e-14);
  EXPECT_NEAR(test.p, 0.30304391468510006, 1e-14);
  EXPECT_EQ(chi_square_test(Counts{7, 0, 0, 0}, Counts{9, 0, 0, 0}).p, 1);
}

}  // namespace
}  // namespace rankwise
