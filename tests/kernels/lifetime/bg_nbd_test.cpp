// BG/NBD: published numbers of CDNOW, derivatives by differences, expectations by an integral, and known parameters.

#include "kernels/lifetime/bg_nbd.hpp"

#include <algorithm>
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "cdnow.hpp"
#include "kernels/lifetime/expected_purchases.hpp"

namespace rankwise {
namespace {

constexpr BgNbd published{0.243, 4.414, 0.793, 2.426};

/// One cell a history.
std::vector<PurchaseCell> cells_of(std::vector<PurchaseHistory> histories) {
  std::ranges::sort(histories);
  std::vector<PurchaseCell> cells;
  for (const PurchaseHistory& history : histories) {
    if (cells.empty() || cells.back().history != history) cells.push_back({history, 0});
    ++cells.back().customers;
  }
  return cells;
}

/// A customer's purchases by the model's own story.
PurchaseHistory drawn_history(const BgNbd& p, double observed_time, std::mt19937_64& random) {
  const double rate = std::gamma_distribution<double>(p.r, 1 / p.alpha)(random);
  const double a = std::gamma_distribution<double>(p.a)(random);
  const double b = std::gamma_distribution<double>(p.b)(random);
  PurchaseHistory history{0, 0, observed_time};
  std::exponential_distribution<double> gap(rate);
  std::bernoulli_distribution leaves(a / (a + b));
  for (double time = gap(random); time < observed_time; time += gap(random)) {
    ++history.repeats;
    history.last_time = time;
    if (leaves(random)) break;
  }
  return history;
}

std::vector<PurchaseCell> drawn_cells(const BgNbd& p, int customers, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> begin(26, 78);
  std::vector<PurchaseHistory> histories;
  for (int customer = 0; customer < customers; ++customer) histories.push_back(drawn_history(p, begin(random), random));
  return cells_of(std::move(histories));
}

/// Alive customers have a rate of gamma (r + x, alpha + T) and a chance to leave of beta (a, b + x); given these, the
/// expectation is (1 - e^(-rate chance t)) / chance.
double expected_by_integral(const BgNbd& p, const PurchaseHistory& history, double duration) {
  const double x = history.repeats;
  const double time = p.alpha + history.observed_time;
  boost::math::quadrature::tanh_sinh<double> integrator;
  const auto integrand = [&](double chance, double rest) {
    const double to_one = chance > 0.5 ? std::abs(rest) : 1 - chance;  // without cancellation
    const double purchases = -std::expm1(-(p.r + x) * std::log1p(chance * duration / time)) / chance;
    return purchases * std::pow(chance, p.a - 1) * std::pow(to_one, p.b + x - 1);
  };
  return probability_alive(p, history) * integrator.integrate(integrand, 0.0, 1.0) / boost::math::beta(p.a, p.b + x);
}

class Cdnow : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto customers = read_cdnow();
    if (!customers) GTEST_SKIP() << "cdnow_values.csv.gz is absent (set RANKWISE_DATA)";
    std::vector<PurchaseHistory> histories;
    for (const CdnowCustomer& customer : *customers)
      histories.push_back({customer.repeats, customer.last_time, customer.observed_time});
    cells = cells_of(std::move(histories));
  }
  std::vector<PurchaseCell> cells;
};

TEST_F(Cdnow, HasItsPublishedLikelihood) {
  EXPECT_NEAR(bg_nbd_surface(published, cells).value, -9582.426831, 1e-4);
}

TEST_F(Cdnow, HasItsPublishedMaximum) {
  const BgNbdFit fit = fit_bg_nbd(cells);
  EXPECT_EQ(fit.state, FitState::converged);
  EXPECT_EQ(fit.customers, 2357);
  EXPECT_EQ(fit.repeaters, 946);
  EXPECT_NEAR(fit.log_likelihood, -9582.425561, 1e-4);
  EXPECT_NEAR(fit.parameters.r, 0.242593, 1e-4);
  EXPECT_NEAR(fit.parameters.alpha, 4.413532, 1e-3);
  EXPECT_NEAR(fit.parameters.a, 0.792886, 1e-3);
  EXPECT_NEAR(fit.parameters.b, 2.425755, 1e-3);
  EXPECT_LT(fit.steps, 30);
}

TEST(BgNbd, PredictsWhatWasPublishedOfCdnow) {
  const PurchaseHistory first{2, 30.43, 38.86};
  EXPECT_NEAR(expected_purchases(published, first, 39), 1.2260, 1e-3);
  EXPECT_NEAR(probability_alive(published, first), 0.726579, 1e-6);
  const std::vector<std::pair<double, double>> of_new{{1, 0.0532}, {32, 1.0437}, {78, 1.8580}};
  constexpr BgNbd likeliest{0.242593, 4.413532, 0.792886, 2.425755};
  for (const auto& [duration, expected] : of_new)
    EXPECT_NEAR(expected_purchases(likeliest, {}, duration), expected, 5e-5) << duration;
}

TEST(BgNbd, DerivativesAreThoseOfDifferences) {
  const std::vector<PurchaseCell> cells = drawn_cells(published, 500, 1);
  const std::vector<double> at{0.3, 5, 0.6, 1.7};
  const auto surface = [&](std::vector<double> logs) {
    for (double& value : logs) value = std::exp(value);
    return bg_nbd_surface({logs[0], logs[1], logs[2], logs[3]}, cells);
  };
  std::vector<double> logs;
  for (const double value : at) logs.push_back(std::log(value));
  const SurfacePoint here = surface(logs);
  constexpr double step = 1e-5;
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<double> up = logs;
    std::vector<double> down = logs;
    up[i] += step;
    down[i] -= step;
    const SurfacePoint above = surface(up);
    const SurfacePoint below = surface(down);
    EXPECT_NEAR(here.gradient[i], (above.value - below.value) / (2 * step), 1e-4) << i;
    for (std::size_t j = 0; j < 4; ++j) {
      const double difference = (above.gradient[j] - below.gradient[j]) / (2 * step);
      EXPECT_NEAR(here.hessian[i * 4 + j], difference, 1e-4) << i << " " << j;
    }
  }
}

TEST(BgNbd, ExpectationsAreThoseOfTheIntegral) {
  const std::vector<BgNbd> models{published,          {0.5, 10, 1, 2},     {0.3, 4, 1 + 1e-9, 1}, {0.3, 4, 0.2, 0.5},
                                  {0.2, 6, 0.4, 0.6}, {0.2, 6, 0.35, 0.4}, {0.7, 3, 6, 2},        {2, 20, 30, 5},
                                  {0.05, 1, 3, 40},   {4, 50, 0.5, 300}};
  const std::vector<PurchaseHistory> histories{{0, 0, 0},     {0, 0, 30},     {1, 2, 40},      {3, 30, 31},
                                               {40, 90, 100}, {171, 99, 100}, {400, 150, 160}, {3000, 299, 300}};
  for (const BgNbd& model : models) {
    for (const PurchaseHistory& history : histories) {
      for (const double duration : {0.01, 1.0, 13.0, 520.0}) {
        const double expected = expected_by_integral(model, history, duration);
        EXPECT_NEAR(expected_purchases(model, history, duration), expected, 1e-7 * expected + 1e-12)
            << model.r << " " << model.a << " " << model.b << ", x " << history.repeats << ", t " << duration;
      }
    }
  }
}

TEST(BgNbd, DiscountsPeriodByPeriod) {
  const PurchaseHistory history{2, 30.43, 38.86};
  const double all = expected_purchases(published, history, 10);
  EXPECT_NEAR(discounted_purchases(published, history, {10, 4, 0}), all, 1e-12);
  const double four = expected_purchases(published, history, 4);
  const double eight = expected_purchases(published, history, 8);
  const double expected = four * std::exp(-0.4) + (eight - four) * std::exp(-0.8) + (all - eight) * std::exp(-1.0);
  EXPECT_NEAR(discounted_purchases(published, history, {10, 4, 0.1}), expected, 1e-12);
}

TEST(BgNbd, FindsKnownParameters) {
  const BgNbd truth{0.6, 8, 0.8, 2.5};
  const BgNbdFit fit = fit_bg_nbd(drawn_cells(truth, 100'000, 5));
  ASSERT_EQ(fit.state, FitState::converged);
  EXPECT_NEAR(fit.parameters.r, truth.r, 2 * fit.standard_errors.r);
  EXPECT_NEAR(fit.parameters.alpha, truth.alpha, 2 * fit.standard_errors.alpha);
  EXPECT_NEAR(fit.parameters.a, truth.a, 2 * fit.standard_errors.a);
  EXPECT_NEAR(fit.parameters.b, truth.b, 2 * fit.standard_errors.b);
  EXPECT_LT(fit.standard_errors.r, 0.02);
}

TEST(BgNbd, AFewCustomersMoreOrAnotherUnitMoveWhatTheyShould) {
  const std::vector<PurchaseCell> cells = drawn_cells({0.6, 8, 0.8, 2.5}, 20'000, 6);
  std::vector<PurchaseCell> often = cells;
  for (PurchaseCell& cell : often) cell.customers *= 100;
  std::vector<PurchaseCell> in_days = cells;
  for (PurchaseCell& cell : in_days) cell.history.last_time *= 7, cell.history.observed_time *= 7;
  const BgNbdFit once = fit_bg_nbd(cells);
  const BgNbdFit hundredfold = fit_bg_nbd(often);
  const BgNbdFit daily = fit_bg_nbd(in_days);
  EXPECT_NEAR(hundredfold.parameters.a, once.parameters.a, 1e-5);
  EXPECT_NEAR(hundredfold.standard_errors.a * 10, once.standard_errors.a, 1e-5);
  EXPECT_NEAR(daily.parameters.alpha, 7 * once.parameters.alpha, 1e-3);
  EXPECT_NEAR(daily.parameters.r, once.parameters.r, 1e-5);
}

TEST(BgNbd, WithoutLeaversItIsTheNegativeBinomial) {
  std::mt19937_64 random(9);
  std::vector<PurchaseHistory> histories;
  double repeats = 0;
  for (int customer = 0; customer < 5000; ++customer) {
    const double rate = std::gamma_distribution<double>(0.8, 1.0 / 6)(random);
    std::exponential_distribution<double> gap(rate);
    PurchaseHistory history{0, 0, 60};
    for (double time = gap(random); time < 60; time += gap(random)) {
      ++history.repeats;
      history.last_time = time;
    }
    repeats += history.repeats;
    histories.push_back(history);
  }
  const BgNbdFit fit = fit_bg_nbd(cells_of(histories));
  if (fit.state == FitState::at_border) {
    EXPECT_LT(fit.parameters.a / fit.parameters.b, 1e-5);                             // the chance to leave
    EXPECT_NEAR(fit.parameters.r / fit.parameters.alpha * 60, repeats / 5000, 1e-3);  // as of the negative binomial
  }
  EXPECT_NEAR(fit.parameters.r, 0.8, 0.06);
  EXPECT_NEAR(fit.parameters.alpha, 6, 0.6);
  EXPECT_GT(probability_alive(fit.parameters, {3, 20, 60}), 0.9);
  EXPECT_NEAR(expected_purchases(fit.parameters, {3, 20, 60}, 30),
              30 * (fit.parameters.r + 3) / (fit.parameters.alpha + 60), 0.05);
}

TEST(BgNbd, SaysWhyItCannotFit) {
  EXPECT_EQ(fit_bg_nbd(cells_of(std::vector<PurchaseHistory>(1000, {0, 0, 30}))).state, FitState::too_few);
  EXPECT_EQ(fit_bg_nbd({}).state, FitState::too_few);
  // Nobody leaves, and all have one rate: more of r and alpha, and less of a, are always a little likelier.
  std::vector<PurchaseHistory> alike;
  for (int customer = 0; customer < 200; ++customer) alike.push_back({10, 99, 100});
  const FitState state = fit_bg_nbd(cells_of(alike)).state;
  EXPECT_TRUE(state == FitState::flat || state == FitState::at_border) << fit_state_name(state);
}

}  // namespace
}  // namespace rankwise
