#include "kernels/forecasting/backtest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/statistics/student.hpp"

namespace rankwise {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// Errors of a method: by origin, then by step.
using Errors = std::vector<std::vector<double>>;

Errors errors_of(ForecastMethod method, std::span<const double> values, const BacktestRule& rule, std::size_t first,
                 std::size_t origins) {
  Errors errors;
  for (std::size_t origin = first; origin < first + origins; ++origin) {
    const std::vector<double> forecasts = forecast_by(method, values.first(origin), rule.season_length, rule.horizon);
    std::vector<double>& of_origin = errors.emplace_back();
    for (std::size_t step = 0; step < rule.horizon; ++step)
      of_origin.push_back(values[origin + step] - forecasts[step]);
  }
  return errors;
}

double mean_size(const Errors& errors) {
  double sum = 0;
  double count = 0;
  for (const std::vector<double>& of_origin : errors) {
    for (const double error : of_origin) {
      sum += std::abs(error);
      ++count;
    }
  }
  return sum / count;
}

/// Mean absolute change from a value to the next.
double naive_error(std::span<const double> values) {
  double sum = 0;
  for (std::size_t i = 1; i < values.size(); ++i) sum += std::abs(values[i] - values[i - 1]);
  return sum / static_cast<double>(values.size() - 1);
}

/// Half the widths of intervals by step, from all origins but one (beyond the last: from all).
std::vector<double> half_widths(const Errors& errors, std::size_t without, double confidence) {
  const std::size_t origins = errors.size() - (without < errors.size() ? 1 : 0);
  const double quantile = student_quantile((1 + confidence) / 2, static_cast<double>(origins));
  std::vector<double> widths;
  double largest = 0;
  for (std::size_t step = 0; step < errors.front().size(); ++step) {
    double squares = 0;
    for (std::size_t origin = 0; origin < errors.size(); ++origin) {
      if (origin != without) squares += errors[origin][step] * errors[origin][step];
    }
    largest = std::max(largest, std::sqrt(squares / static_cast<double>(origins)));
    widths.push_back(quantile * largest);
  }
  return widths;
}

double coverage_of(const Errors& errors, double confidence) {
  double inside = 0;
  double count = 0;
  for (std::size_t origin = 0; origin < errors.size(); ++origin) {
    const std::vector<double> widths = half_widths(errors, origin, confidence);
    for (std::size_t step = 0; step < widths.size(); ++step) {
      inside += std::abs(errors[origin][step]) <= widths[step] ? 1 : 0;
      ++count;
    }
  }
  return inside / count;
}

}  // namespace

SeriesForecast forecast_series(std::span<const double> values, const BacktestRule& rule) {
  SeriesForecast found;
  const std::size_t needed = least_training_periods + rule.horizon;
  const std::size_t possible = values.size() >= needed ? values.size() - needed + 1 : 0;
  const std::size_t origins = std::min(rule.origins, possible);
  if (origins < std::min(least_origins, rule.origins)) {
    found.forecast = forecast_by(ForecastMethod::mean, values, rule.season_length, rule.horizon);
    found.coverage = nothing;
    return found;
  }
  const std::size_t first = values.size() - rule.horizon - origins + 1;
  const double scale = naive_error(values.first(first));
  Errors best;
  double least = std::numeric_limits<double>::infinity();
  for (const ForecastMethod method : all_forecast_methods) {
    if (!is_applicable(method, values.first(first), rule.season_length)) continue;
    // A later zero rules multiplicative seasons out.
    if (!is_applicable(method, values, rule.season_length)) continue;
    Errors errors = errors_of(method, values, rule, first, origins);
    const double size = mean_size(errors);
    found.trials.push_back({method, scale > 0 ? size / scale : nothing, size});
    if (!(size < least)) continue;
    least = size;
    found.method = method;
    best = std::move(errors);
  }
  found.origins = origins;
  found.forecast = forecast_by(found.method, values, rule.season_length, rule.horizon);
  const std::vector<double> widths = half_widths(best, best.size(), rule.confidence);
  for (std::size_t step = 0; step < rule.horizon; ++step) {
    found.low.push_back(std::max(found.forecast[step] - widths[step], 0.0));
    found.high.push_back(found.forecast[step] + widths[step]);
  }
  found.coverage = coverage_of(best, rule.confidence);
  return found;
}

}  // namespace rankwise
