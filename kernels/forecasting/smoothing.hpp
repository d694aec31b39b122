#pragma once
// Exponential smoothing by Holt and Winters: a level, a damped trend and a season that follow the series.

#include <cstddef>
#include <span>
#include <vector>

namespace rankwise {

enum class SeasonKind { none, additive, multiplicative };

struct SmoothingShape {
  SeasonKind season = SeasonKind::none;
  bool has_trend = false;
  std::size_t season_length = 0;  ///< periods; 0 without a season
};

/// Each in [0, 1]: how fast the level, the trend and the season follow; and how much of the trend remains a period
/// later.
struct SmoothingRates {
  double level = 0.5;
  double trend = 0;
  double damping = 1;
  double season = 0;
};

/// What is known before a period.
struct SmoothingState {
  double level = 0;
  double trend = 0;
  std::vector<double> seasons;  ///< of the next season_length periods; the first is the next one's
};

/// One step ahead: level_t = a (y_t - s_{t-m}) + (1 - a)(level_{t-1} + phi b_{t-1}), b_t = b (level_t - level_{t-1}) +
/// (1 - b) phi b_{t-1}, s_t = g (y_t - level_{t-1} - phi b_{t-1}) + (1 - g) s_{t-m}; multiplicative: y_t / s_{t-m}, and
/// g y_t / (level_{t-1} + phi b_{t-1}). (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 8.3; so have
/// it R and statsmodels.)
struct Smoothed {
  double squared_errors = 0;  ///< sum of (value less what was expected of it)^2
  SmoothingState end;
};
[[nodiscard]] Smoothed smooth(const SmoothingShape& shape, const SmoothingRates& rates, SmoothingState state,
                              std::span<const double> values);

/// What is expected of the next periods.
[[nodiscard]] std::vector<double> extrapolate(const SmoothingShape& shape, const SmoothingRates& rates,
                                              const SmoothingState& state, std::size_t horizon);

/// Where smoothing begins. Without a season: level and trend of the line through the first ten values by least squares,
/// or their mean. With one, from the first two seasons: the difference of their means is the trend; values less the
/// line through these means (or over it), averaged over both, are the season. At least one value; two whole seasons.
[[nodiscard]] SmoothingState initial_state(const SmoothingShape& shape, std::span<const double> values);

struct SmoothingFit {
  SmoothingRates rates;
  SmoothingState begin;
  SmoothingState end;
  double squared_errors = 0;
};

/// The rates with the least squared errors one step ahead, from initial_state(): the best of a small grid, then Nelder
/// and Mead within bounds (NLopt). Rates are in [1e-4, 0.9999], damping in [0.8, 0.98]. The same numbers for the same
/// series. At least two values; two whole seasons; values above 0 if the season is multiplicative.
[[nodiscard]] SmoothingFit fit_smoothing(const SmoothingShape& shape, std::span<const double> values);

}  // namespace rankwise
