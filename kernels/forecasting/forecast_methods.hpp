#pragma once
// Ways to forecast a series, from plain guesses to Holt and Winters.

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace rankwise {

/// From the plainest on: of equally good ones the plainer is taken.
enum class ForecastMethod {
  mean,                        ///< of all values
  naive,                       ///< the last value
  seasonal_naive,              ///< the value a season before
  smoothing,                   ///< a level that follows
  damped_trend,                ///< and a trend that fades
  holt_winters_additive,       ///< and a season
  holt_winters_multiplicative  ///< likewise, in shares of the level
};
inline constexpr std::array<ForecastMethod, 7> all_forecast_methods{ForecastMethod::mean,
                                                                    ForecastMethod::naive,
                                                                    ForecastMethod::seasonal_naive,
                                                                    ForecastMethod::smoothing,
                                                                    ForecastMethod::damped_trend,
                                                                    ForecastMethod::holt_winters_additive,
                                                                    ForecastMethod::holt_winters_multiplicative};

/// "mean", "seasonal naive", "Holt-Winters additive", ...
[[nodiscard]] std::string_view forecast_method_name(ForecastMethod method);

/// Whether the series is long enough: a value, a season for seasonal_naive, two for Holt-Winters, and three values for
/// smoothing; multiplicative ones need values above 0. `season_length` > 0.
[[nodiscard]] bool is_applicable(ForecastMethod method, std::span<const double> values, std::size_t season_length);

/// What the method, which is applicable, expects of the next periods, at least 0: series are sums of what is bought.
[[nodiscard]] std::vector<double> forecast_by(ForecastMethod method, std::span<const double> values,
                                              std::size_t season_length, std::size_t horizon);

}  // namespace rankwise
