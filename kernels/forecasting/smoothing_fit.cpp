#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <nlopt.h>

#include "kernels/forecasting/smoothing.hpp"

namespace rankwise {

namespace {

constexpr double least_rate = 1e-4;
constexpr double greatest_rate = 0.9999;
constexpr double least_damping = 0.8;
constexpr double greatest_damping = 0.98;

/// A series with where it begins, and which rates are free.
struct Problem {
  SmoothingShape shape;
  std::span<const double> values;
  SmoothingState begin;

  [[nodiscard]] SmoothingRates rates_of(const double* free) const {
    SmoothingRates rates;
    rates.level = *free++;
    if (shape.has_trend) {
      rates.trend = *free++;
      rates.damping = *free++;
    }
    if (shape.season != SeasonKind::none) rates.season = *free;
    return rates;
  }
  [[nodiscard]] std::vector<double> free_of(const SmoothingRates& rates) const {
    std::vector<double> free{rates.level};
    if (shape.has_trend) free.insert(free.end(), {rates.trend, rates.damping});
    if (shape.season != SeasonKind::none) free.push_back(rates.season);
    return free;
  }
  [[nodiscard]] double errors_at(const double* free) const {
    const double errors = smooth(shape, rates_of(free), begin, values).squared_errors;
    return std::isfinite(errors) ? errors : std::numeric_limits<double>::max();
  }
};

double objective(unsigned /*count*/, const double* free, double* /*gradient*/, void* data) {
  return static_cast<const Problem*>(data)->errors_at(free);
}

/// The best of a few rates.
std::vector<double> best_of_grid(const Problem& problem) {
  std::vector<double> best;
  double least = std::numeric_limits<double>::infinity();
  for (const double level : {0.05, 0.2, 0.6}) {
    for (const double trend : {0.02, 0.2}) {
      for (const double season : {0.05, 0.3}) {
        const std::vector<double> free = problem.free_of({level, trend, 0.95, season});
        const double errors = problem.errors_at(free.data());
        if (!(errors < least)) continue;
        least = errors;
        best = free;
      }
    }
  }
  return best;
}

/// Moves `free` to the least errors within bounds.
void improve(Problem& problem, std::vector<double>& free) {
  constexpr int most_evaluations = 400;
  constexpr double end_of_progress = 1e-9;
  const std::vector<double> low = problem.free_of({least_rate, least_rate, least_damping, least_rate});
  const std::vector<double> high = problem.free_of({greatest_rate, greatest_rate, greatest_damping, greatest_rate});
  const std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> search(
      nlopt_create(NLOPT_LN_NELDERMEAD, static_cast<unsigned>(free.size())), nlopt_destroy);
  nlopt_set_min_objective(search.get(), objective, &problem);
  nlopt_set_lower_bounds(search.get(), low.data());
  nlopt_set_upper_bounds(search.get(), high.data());
  nlopt_set_ftol_rel(search.get(), end_of_progress);
  nlopt_set_xtol_rel(search.get(), end_of_progress);
  nlopt_set_maxeval(search.get(), most_evaluations);
  std::vector<double> moved = free;
  double errors = 0;
  // Whatever ends the search, its best point counts if it is better.
  nlopt_optimize(search.get(), moved.data(), &errors);
  if (problem.errors_at(moved.data()) < problem.errors_at(free.data())) free = moved;
}

}  // namespace

SmoothingFit fit_smoothing(const SmoothingShape& shape, std::span<const double> values) {
  Problem problem{shape, values, initial_state(shape, values)};
  std::vector<double> free = best_of_grid(problem);
  improve(problem, free);
  SmoothingFit fit;
  fit.rates = problem.rates_of(free.data());
  fit.begin = problem.begin;
  Smoothed smoothed = smooth(shape, fit.rates, problem.begin, values);
  fit.end = std::move(smoothed.end);
  fit.squared_errors = smoothed.squared_errors;
  return fit;
}

}  // namespace rankwise
