#include "kernels/statistics/distribution_shift.hpp"

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace rankwise {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::int64_t total(std::span<const std::int64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

/// Bins that somebody is in, and whether somebody is in each of them on both sides.
struct Filled {
  double bins = 0;
  bool both = true;
};

Filled filled_bins(std::span<const std::int64_t> before, std::span<const std::int64_t> after) {
  Filled filled;
  for (std::size_t bin = 0; bin < before.size(); ++bin) {
    if (before[bin] == 0 && after[bin] == 0) continue;
    filled.bins += 1;
    if (before[bin] == 0 || after[bin] == 0) filled.both = false;
  }
  return filled;
}

}  // namespace

double population_stability_index(std::span<const std::int64_t> before, std::span<const std::int64_t> after) {
  if (total(before) == 0 || total(after) == 0) return nan;
  const Filled filled = filled_bins(before, after);
  const double added = filled.both ? 0 : 0.5;
  const double all_before = static_cast<double>(total(before)) + added * filled.bins;
  const double all_after = static_cast<double>(total(after)) + added * filled.bins;
  double sum = 0;
  for (std::size_t bin = 0; bin < before.size(); ++bin) {
    if (before[bin] == 0 && after[bin] == 0) continue;
    const double p = (static_cast<double>(before[bin]) + added) / all_before;
    const double q = (static_cast<double>(after[bin]) + added) / all_after;
    sum += (q - p) * std::log(q / p);
  }
  return sum;
}

double kolmogorov_survival(double x) {
  if (!(x > 0)) return x <= 0 ? 1 : x;
  const double square = x * x;
  double sum = 0;
  if (x < 1) {  // the other series would need many terms: 1 - sqrt(2 pi) / x * sum of exp(-(2k - 1)^2 pi^2 / (8 x^2))
    for (int k = 1; k <= 7; k += 2) {
      sum += std::exp(-k * k * std::numbers::pi * std::numbers::pi / (8 * square));
    }
    return 1 - std::sqrt(2 * std::numbers::pi) / x * sum;
  }
  for (int k = 1; k <= 5; ++k) sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2 * k * k * square);
  return sum;
}

TwoSampleTest kolmogorov_smirnov_test(double distance, std::int64_t before, std::int64_t after) {
  if (before == 0 || after == 0) return {nan, nan};
  const auto one = static_cast<double>(before);
  const auto other = static_cast<double>(after);
  return {distance, kolmogorov_survival(std::sqrt(one / (one + other) * other) * distance)};
}

TwoSampleTest chi_square_test(std::span<const std::int64_t> before, std::span<const std::int64_t> after) {
  const auto all_before = static_cast<double>(total(before));
  const auto all_after = static_cast<double>(total(after));
  if (all_before == 0 || all_after == 0) return {nan, nan};
  double statistic = 0;
  for (std::size_t bin = 0; bin < before.size(); ++bin) {
    const auto one = static_cast<double>(before[bin]);
    const auto other = static_cast<double>(after[bin]);
    if (one + other == 0) continue;
    const double expected_one = (one + other) * all_before / (all_before + all_after);
    const double expected_other = (one + other) * all_after / (all_before + all_after);
    statistic += (one - expected_one) * (one - expected_one) / expected_one +
                 (other - expected_other) * (other - expected_other) / expected_other;
  }
  const double degrees = filled_bins(before, after).bins - 1;
  return {statistic, degrees > 0 ? boost::math::gamma_q(degrees / 2, statistic / 2) : 1.0};
}

}  // namespace rankwise
