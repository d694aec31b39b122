// Gamma-Gamma: published numbers of CDNOW, derivatives by differences, and known parameters.

#include "kernels/lifetime/gamma_gamma.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "cdnow.hpp"

namespace rankwise {
namespace {

std::vector<SpendCell> drawn_cells(const GammaGamma& model, int customers, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<SpendCell> cells;
  for (int customer = 0; customer < customers; ++customer) {
    const int repeats = 1 + static_cast<int>(random() % 8);
    const double rate = std::gamma_distribution<double>(model.q, 1 / model.v)(random);
    cells.push_back({repeats, std::gamma_distribution<double>(model.p * repeats, 1 / rate)(random), 1});
  }
  std::ranges::sort(cells, {}, &SpendCell::repeats);
  return cells;
}

class CdnowSpend : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto customers = read_cdnow();
    if (!customers) GTEST_SKIP() << "cdnow_values.csv.gz is absent (set RANKWISE_DATA)";
    for (const CdnowCustomer& customer : *customers) {
      if (customer.repeats > 0) cells.push_back({customer.repeats, customer.repeats * customer.mean_value, 1});
    }
    std::ranges::sort(cells, {}, &SpendCell::repeats);
  }
  std::vector<SpendCell> cells;
};

TEST_F(CdnowSpend, HasItsPublishedLikelihood) {
  ASSERT_EQ(cells.size(), 946U);
  EXPECT_NEAR(gamma_gamma_surface({6.25, 3.74, 15.44}, cells).value, -4055.924713, 1e-4);
}

TEST_F(CdnowSpend, HasItsPublishedMaximum) {
  const GammaGammaFit fit = fit_gamma_gamma(cells);
  EXPECT_EQ(fit.state, FitState::converged);
  EXPECT_NEAR(fit.log_likelihood, -4055.923244, 1e-4);
  EXPECT_NEAR(fit.parameters.p, 6.24880, 2e-3);
  EXPECT_NEAR(fit.parameters.q, 3.74459, 2e-3);
  EXPECT_NEAR(fit.parameters.v, 15.44775, 2e-2);
  EXPECT_NEAR(fit.parameters.mean().value(), 35.171, 1e-3);
  EXPECT_NEAR(fit.correlation, 0.1139, 1e-4);
}

TEST(GammaGamma, DerivativesAreThoseOfDifferences) {
  const std::vector<SpendCell> cells = drawn_cells({6, 4, 15}, 300, 1);
  const auto surface = [&](std::vector<double> logs) {
    return gamma_gamma_surface({std::exp(logs[0]), std::exp(logs[1]), std::exp(logs[2])}, cells);
  };
  const std::vector<double> logs{std::log(4.0), std::log(3.0), std::log(20.0)};
  const SurfacePoint here = surface(logs);
  constexpr double step = 1e-5;
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<double> up = logs;
    std::vector<double> down = logs;
    up[i] += step;
    down[i] -= step;
    const SurfacePoint above = surface(up);
    const SurfacePoint below = surface(down);
    EXPECT_NEAR(here.gradient[i], (above.value - below.value) / (2 * step), 1e-4) << i;
    for (std::size_t j = 0; j < 3; ++j) {
      const double difference = (above.gradient[j] - below.gradient[j]) / (2 * step);
      EXPECT_NEAR(here.hessian[i * 3 + j], difference, 1e-3) << i << " " << j;
    }
  }
}

TEST(GammaGamma, FindsKnownParametersInAnyCurrency) {
  const GammaGamma truth{6, 4, 15};
  std::vector<SpendCell> cells = drawn_cells(truth, 100'000, 3);
  const GammaGammaFit fit = fit_gamma_gamma(cells);
  ASSERT_EQ(fit.state, FitState::converged);
  EXPECT_NEAR(fit.parameters.p, truth.p, 2 * fit.standard_errors.p);
  EXPECT_NEAR(fit.parameters.q, truth.q, 2 * fit.standard_errors.q);
  EXPECT_NEAR(fit.parameters.v, truth.v, 2 * fit.standard_errors.v);
  EXPECT_NEAR(fit.correlation, 0, 0.02);
  for (SpendCell& cell : cells) cell.total *= 1e4;
  const GammaGammaFit cents = fit_gamma_gamma(cells);
  ASSERT_EQ(cents.state, FitState::converged);
  EXPECT_NEAR(cents.parameters.v, 1e4 * fit.parameters.v, 1);
  EXPECT_NEAR(cents.parameters.q, fit.parameters.q, 1e-4);
}

TEST(GammaGamma, ExpectsLessOfFewPurchasesThanTheyWereWorth) {
  const GammaGamma model{6.25, 3.74, 15.44};
  const double mean = model.mean().value();
  EXPECT_NEAR(mean, 35.22, 0.01);
  const double once = expected_value(model, 1, 100);
  const double often = expected_value(model, 50, 5000);
  EXPECT_GT(once, mean);
  EXPECT_LT(once, often);
  EXPECT_LT(often, 100);
  EXPECT_FALSE((GammaGamma{2, 0.9, 3}).mean().has_value());
}

TEST(GammaGamma, SaysWhyItCannotFit) {
  EXPECT_EQ(fit_gamma_gamma({}).state, FitState::too_few);
  EXPECT_EQ(fit_gamma_gamma(drawn_cells({6, 4, 15}, 9, 1)).state, FitState::too_few);
  const std::vector<SpendCell> alike{{2, 20, 500}};  // all the same value: p and q without bound
  const FitState state = fit_gamma_gamma(alike).state;
  EXPECT_TRUE(state == FitState::flat || state == FitState::at_border) << fit_state_name(state);
}

}  // namespace
}  // namespace rankwise
