#pragma once
// Which method forecasts a series best, by forecasts of its own past.

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/forecasting/forecast_methods.hpp"

namespace rankwise {

struct BacktestRule {
  std::size_t season_length = 52;
  std::size_t horizon = 8;
  std::size_t origins = 12;  ///< at most: periods after each of which the next `horizon` are forecast
  double confidence = 0.9;   ///< of intervals
};

/// Periods before the first origin, and origins, that a back-test needs at least.
inline constexpr std::size_t least_training_periods = 16;
inline constexpr std::size_t least_origins = 4;

struct MethodTrial {
  ForecastMethod method = ForecastMethod::mean;
  /// Mean absolute scaled error (Hyndman and Koehler 2006): mean absolute error over origins and steps, over that of
  /// the naive method one step ahead, before the first origin; NaN if that is 0.
  double mase = 0;
  double absolute_error = 0;  ///< mean
};

struct SeriesForecast {
  ForecastMethod method = ForecastMethod::mean;
  std::size_t origins = 0;       ///< 0: the series is too short, and its mean is taken without a test
  std::vector<double> forecast;  ///< of the next `horizon` periods
  /// forecast -+ t s, at least 0: s is the root mean square of the method's errors at this step over origins, or of an
  /// earlier step if that is larger; t Student's with as many degrees of freedom as origins. Empty without a test.
  std::vector<double> low;
  std::vector<double> high;
  /// Share of past values that were in the interval made of the other origins' errors; NaN without a test.
  double coverage = 0;
  std::vector<MethodTrial> trials;  ///< of all methods that are applicable before the first origin
};

/// The method with the least mean absolute error over the last origins, each method fitted anew at each of them; the
/// plainest if several have it. The origins that choose also measure, so that the error of the chosen one is a little
/// better than what will be. At least one value, all finite and at least 0.
[[nodiscard]] SeriesForecast forecast_series(std::span<const double> values, const BacktestRule& rule);

}  // namespace rankwise
