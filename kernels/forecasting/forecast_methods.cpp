#include "kernels/forecasting/forecast_methods.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/forecasting/smoothing.hpp"

namespace rankwise {

namespace {

SmoothingShape shape_of(ForecastMethod method, std::size_t season_length) {
  switch (method) {
    case ForecastMethod::damped_trend:
      return {SeasonKind::none, true, 0};
    case ForecastMethod::holt_winters_additive:
      return {SeasonKind::additive, true, season_length};
    case ForecastMethod::holt_winters_multiplicative:
      return {SeasonKind::multiplicative, true, season_length};
    default:
      return {SeasonKind::none, false, 0};
  }
}

std::vector<double> smoothed(ForecastMethod method, std::span<const double> values, std::size_t season_length,
                             std::size_t horizon) {
  const SmoothingShape shape = shape_of(method, season_length);
  const SmoothingFit fit = fit_smoothing(shape, values);
  return extrapolate(shape, fit.rates, fit.end, horizon);
}

std::vector<double> raw_forecast(ForecastMethod method, std::span<const double> values, std::size_t season_length,
                                 std::size_t horizon) {
  switch (method) {
    case ForecastMethod::mean: {
      double sum = 0;
      for (const double value : values) sum += value;
      return std::vector<double>(horizon, sum / static_cast<double>(values.size()));
    }
    case ForecastMethod::naive:
      return std::vector<double>(horizon, values.back());
    case ForecastMethod::seasonal_naive: {
      std::vector<double> forecasts;
      const std::span<const double> season = values.last(season_length);
      for (std::size_t step = 0; step < horizon; ++step) forecasts.push_back(season[step % season_length]);
      return forecasts;
    }
    default:
      return smoothed(method, values, season_length, horizon);
  }
}

}  // namespace

std::string_view forecast_method_name(ForecastMethod method) {
  constexpr std::array<std::string_view, 7> names{"mean",
                                                  "naive",
                                                  "seasonal naive",
                                                  "exponential smoothing",
                                                  "damped trend",
                                                  "Holt-Winters additive",
                                                  "Holt-Winters multiplicative"};
  return names[static_cast<std::size_t>(method)];
}

bool is_applicable(ForecastMethod method, std::span<const double> values, std::size_t season_length) {
  switch (method) {
    case ForecastMethod::mean:
    case ForecastMethod::naive:
      return !values.empty();
    case ForecastMethod::seasonal_naive:
      return values.size() >= season_length;
    case ForecastMethod::smoothing:
    case ForecastMethod::damped_trend:
      return values.size() >= 3;
    case ForecastMethod::holt_winters_additive:
      return values.size() >= 2 * season_length;
    case ForecastMethod::holt_winters_multiplicative:
      return values.size() >= 2 * season_length && std::ranges::all_of(values, [](double value) { return value > 0; });
  }
  return false;
}

std::vector<double> forecast_by(ForecastMethod method, std::span<const double> values, std::size_t season_length,
                                std::size_t horizon) {
  std::vector<double> forecasts = raw_forecast(method, values, season_length, horizon);
  for (double& forecast : forecasts) forecast = std::isfinite(forecast) ? std::max(forecast, 0.0) : values.back();
  return forecasts;
}

}  // namespace rankwise
