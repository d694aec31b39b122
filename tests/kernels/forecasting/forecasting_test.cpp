// Exponential smoothing with the numbers of statsmodels 0.13.5, plain guesses, and the back-test against plain loops.

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "kernels/base/philox.hpp"
#include "kernels/forecasting/backtest.hpp"
#include "kernels/forecasting/forecast_methods.hpp"
#include "kernels/forecasting/smoothing.hpp"

namespace rankwise {
namespace {

/// 96 months with a trend, a season of 12 and what looks like noise.
std::vector<double> sample_series() {
  std::vector<double> series;
  for (int t = 0; t < 96; ++t)
    series.push_back(100 + 0.8 * t + 15 * ((t * 7) % 12 - 5.5) / 5.5 + (t * t * 37 % 23 - 11) / 2.0);
  return series;
}

struct Pin {
  SmoothingShape shape;
  SmoothingRates rates;
  double squared_errors;
  double next;
  double fourteenth;
};

TEST(Smoothing, HasTheNumbersOfStatsmodels) {
  // ExponentialSmoothing(initialization_method="known") from the same beginning, at these rates.
  const std::vector<Pin> pins{
      {{SeasonKind::none, false, 0}, {0.3, 0, 1, 0}, 13598.3162145485, 175.431364242, 175.431364242},
      {{SeasonKind::none, true, 0}, {0.3, 0.1, 0.9, 0}, 13261.9069454163, 176.536293060, 179.034663649},
      {{SeasonKind::additive, true, 12}, {0.3, 0.1, 0.9, 0.2}, 1535.5422773286, 159.733770878, 182.114827104},
      {{SeasonKind::multiplicative, true, 12}, {0.3, 0.1, 0.9, 0.2}, 2312.3900771093, 154.627813534, 181.294652914},
  };
  const std::vector<double> series = sample_series();
  for (const Pin& pin : pins) {
    const Smoothed found = smooth(pin.shape, pin.rates, initial_state(pin.shape, series), series);
    EXPECT_NEAR(found.squared_errors, pin.squared_errors, 1e-6);
    const std::vector<double> next = extrapolate(pin.shape, pin.rates, found.end, 14);
    EXPECT_NEAR(next.front(), pin.next, 1e-6);
    EXPECT_NEAR(next.back(), pin.fourteenth, 1e-6);
  }
}

TEST(Smoothing, RatesHaveTheLeastErrors) {
  const std::vector<double> series = sample_series();
  // What scipy's bounded search finds.
  EXPECT_NEAR(fit_smoothing({SeasonKind::none, false, 0}, series).squared_errors, 13234.7125429, 1e-4);
  // statsmodels also fits the beginning, but its trend may not follow faster than the level.
  EXPECT_LT(fit_smoothing({SeasonKind::none, true, 0}, series).squared_errors, 10837.3382);
  for (const SeasonKind season : {SeasonKind::additive, SeasonKind::multiplicative}) {
    const SmoothingShape shape{season, true, 12};
    const SmoothingFit fit = fit_smoothing(shape, series);
    for (const double move : {-0.002, 0.002}) {
      for (double SmoothingRates::*rate :
           {&SmoothingRates::level, &SmoothingRates::trend, &SmoothingRates::damping, &SmoothingRates::season}) {
        SmoothingRates other = fit.rates;
        other.*rate += move;
        const double greatest = rate == &SmoothingRates::damping ? 0.98 : 0.9999;
        const double least = rate == &SmoothingRates::damping ? 0.8 : 1e-4;
        if (other.*rate < least || other.*rate > greatest) continue;
        EXPECT_GE(smooth(shape, other, fit.begin, series).squared_errors, fit.squared_errors * (1 - 1e-7));
      }
    }
    EXPECT_EQ(fit_smoothing(shape, series).rates.level, fit.rates.level);
  }
}

TEST(ForecastMethods, KnowWhatTheyNeed) {
  const std::vector<double> series{3, 1, 0, 2, 5};
  EXPECT_EQ(forecast_by(ForecastMethod::mean, series, 2, 3), (std::vector<double>{2.2, 2.2, 2.2}));
  EXPECT_EQ(forecast_by(ForecastMethod::naive, series, 2, 2), (std::vector<double>{5, 5}));
  EXPECT_EQ(forecast_by(ForecastMethod::seasonal_naive, series, 3, 4), (std::vector<double>{0, 2, 5, 0}));
  EXPECT_FALSE(is_applicable(ForecastMethod::seasonal_naive, series, 6));
  EXPECT_TRUE(is_applicable(ForecastMethod::holt_winters_additive, series, 2));
  EXPECT_FALSE(is_applicable(ForecastMethod::holt_winters_additive, series, 3));
  EXPECT_FALSE(is_applicable(ForecastMethod::holt_winters_multiplicative, series, 2));
  // What falls does not fall below nothing.
  const std::vector<double> falling{50, 40, 30, 20, 10, 0};
  for (const double forecast : forecast_by(ForecastMethod::damped_trend, falling, 2, 5)) EXPECT_GE(forecast, 0);
}

TEST(Backtest, TakesTheMethodWithTheLeastErrors) {
  const std::vector<double> series = sample_series();
  const BacktestRule rule{.season_length = 12, .horizon = 6, .origins = 10, .confidence = 0.9};
  const SeriesForecast found = forecast_series(series, rule);
  EXPECT_TRUE(found.method == ForecastMethod::holt_winters_additive ||
              found.method == ForecastMethod::holt_winters_multiplicative);
  EXPECT_EQ(found.origins, 10U);
  EXPECT_EQ(found.trials.size(), 7U);
  double scale = 0;
  const std::size_t first = series.size() - 6 - 10 + 1;
  for (std::size_t t = 1; t < first; ++t) scale += std::abs(series[t] - series[t - 1]) / static_cast<double>(first - 1);
  for (const MethodTrial& trial : found.trials) {
    double sum = 0;
    for (std::size_t origin = first; origin < first + 10; ++origin) {
      const std::vector<double> forecasts =
          forecast_by(trial.method, std::span<const double>(series).first(origin), 12, 6);
      for (std::size_t step = 0; step < 6; ++step) sum += std::abs(series[origin + step] - forecasts[step]) / 60;
    }
    EXPECT_NEAR(trial.absolute_error, sum, 1e-9);
    EXPECT_NEAR(trial.mase, sum / scale, 1e-9);
  }
  for (std::size_t step = 0; step < 6; ++step) {
    EXPECT_LT(found.low[step], found.forecast[step]);
    EXPECT_GT(found.high[step], found.forecast[step]);
    if (step == 0) continue;
    EXPECT_GE(found.high[step] - found.forecast[step], found.high[step - 1] - found.forecast[step - 1] - 1e-12);
  }
}

TEST(Backtest, IntervalsHoldAboutWhatTheySay) {
  const RandomStream stream(11, RandomPurpose::sweep_points);
  double coverage = 0;
  double inside = 0;
  constexpr int count = 60;
  for (int s = 0; s < count; ++s) {
    std::vector<double> series;
    for (std::uint32_t t = 0; t < 68; ++t)
      series.push_back(50 + 20 * (stream.uniform(s, t) + stream.uniform(s, t + 100) - 1));
    const SeriesForecast found = forecast_series(std::span<const double>(series).first(60),
                                                 {.season_length = 52, .horizon = 8, .origins = 12, .confidence = 0.9});
    coverage += found.coverage / count;
    for (std::size_t step = 0; step < 8; ++step) {
      const double value = series[60 + step];
      inside += found.low[step] <= value && value <= found.high[step] ? 1.0 / (8 * count) : 0;
    }
  }
  EXPECT_NEAR(coverage, 0.9, 0.06);
  EXPECT_NEAR(inside, 0.9, 0.07);
}

TEST(Backtest, ShortSeriesGetTheirMean) {
  const std::vector<double> series(20, 4.0);
  const SeriesForecast found =
      forecast_series(series, {.season_length = 52, .horizon = 8, .origins = 12, .confidence = 0.9});
  EXPECT_EQ(found.origins, 0U);
  EXPECT_EQ(found.forecast, std::vector<double>(8, 4.0));
  EXPECT_TRUE(found.low.empty());
  EXPECT_TRUE(std::isnan(found.coverage));
  // A series without a change has no scale, and the plainest method.
  const SeriesForecast flat = forecast_series(std::vector<double>(60, 4.0), {});
  EXPECT_EQ(flat.method, ForecastMethod::mean);
  EXPECT_TRUE(std::isnan(flat.trials.front().mase));
  EXPECT_EQ(flat.coverage, 1);
}

}  // namespace
}  // namespace rankwise
