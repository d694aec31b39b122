#include "kernels/forecasting/smoothing.hpp"

#include <algorithm>

namespace rankwise {

namespace {

constexpr std::size_t line_values = 10;

/// Level before the first value, and slope, of the least-squares line through some values.
SmoothingState line_through(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  const double middle = (count + 1) / 2;
  double mean = 0;
  for (const double value : values) mean += value / count;
  double products = 0;
  double squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double place = static_cast<double>(i + 1) - middle;
    products += place * (values[i] - mean);
    squares += place * place;
  }
  const double slope = squares > 0 ? products / squares : 0;
  return {mean - slope * middle, slope, {}};
}

double mean_of_values(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

SmoothingState seasonal_state(const SmoothingShape& shape, std::span<const double> values) {
  const std::size_t length = shape.season_length;
  const auto season = static_cast<double>(length);
  const double first = mean_of_values(values.subspan(0, length));
  const double second = mean_of_values(values.subspan(length, length));
  SmoothingState state;
  state.trend = shape.has_trend ? (second - first) / season : 0;
  const double slope = (second - first) / season;
  const double start = first - slope * (season + 1) / 2;
  state.level = shape.has_trend ? start : (first + second) / 2;
  for (std::size_t i = 0; i < length; ++i) {
    double sum = 0;
    for (const std::size_t place : {i, i + length}) {
      const double line = start + slope * static_cast<double>(place + 1);
      sum += shape.season == SeasonKind::additive ? values[place] - line : values[place] / std::max(line, 1e-12);
    }
    state.seasons.push_back(sum / 2);
  }
  return state;
}

double expected(SeasonKind season, double line, double factor) {
  if (season == SeasonKind::none) return line;
  return season == SeasonKind::additive ? line + factor : line * factor;
}

}  // namespace

SmoothingState initial_state(const SmoothingShape& shape, std::span<const double> values) {
  if (shape.season != SeasonKind::none) return seasonal_state(shape, values);
  const std::span<const double> first = values.first(std::min(values.size(), line_values));
  if (shape.has_trend) return line_through(first);
  return {mean_of_values(first), 0, {}};
}

Smoothed smooth(const SmoothingShape& shape, const SmoothingRates& rates, SmoothingState state,
                std::span<const double> values) {
  Smoothed found;
  std::size_t place = 0;  // in the ring of seasons
  for (const double value : values) {
    const double line = state.level + rates.damping * state.trend;
    double* const factor = state.seasons.empty() ? nullptr : &state.seasons[place];
    const double error = value - expected(shape.season, line, factor == nullptr ? 0 : *factor);
    found.squared_errors += error * error;
    double of_level = value;
    if (shape.season == SeasonKind::additive) of_level = value - *factor;
    if (shape.season == SeasonKind::multiplicative) of_level = value / *factor;
    const double level = rates.level * of_level + (1 - rates.level) * line;
    state.trend = rates.trend * (level - state.level) + (1 - rates.trend) * rates.damping * state.trend;
    state.level = level;
    if (factor == nullptr) continue;
    const double of_season = shape.season == SeasonKind::additive ? value - line : value / line;
    *factor = rates.season * of_season + (1 - rates.season) * *factor;
    place = (place + 1) % state.seasons.size();
  }
  std::rotate(state.seasons.begin(), state.seasons.begin() + static_cast<std::ptrdiff_t>(place), state.seasons.end());
  found.end = std::move(state);
  return found;
}

std::vector<double> extrapolate(const SmoothingShape& shape, const SmoothingRates& rates, const SmoothingState& state,
                                std::size_t horizon) {
  std::vector<double> forecasts;
  double line = state.level;
  double trend = state.trend;
  for (std::size_t step = 0; step < horizon; ++step) {
    trend *= rates.damping;
    line += trend;
    forecasts.push_back(
        expected(shape.season, line, state.seasons.empty() ? 0 : state.seasons[step % state.seasons.size()]));
  }
  return forecasts;
}

}  // namespace rankwise
