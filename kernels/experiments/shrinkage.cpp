#include "kernels/experiments/shrinkage.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwise {

namespace {

bool is_observation(const Estimate& estimate) {
  return std::isfinite(estimate.value) && std::isfinite(estimate.standard_error) && estimate.standard_error > 0;
}

struct Weighted {
  double weight = 0;
  double square_weight = 0;
  double mean = 0;
  double spread = 0;  ///< Cochran's Q about the mean
  double count = 0;
};

Weighted weigh(std::span<const Estimate> estimates, double variance_between) {
  const auto weight_of = [&](const Estimate& estimate) {
    return 1 / (estimate.standard_error * estimate.standard_error + variance_between);
  };
  Weighted all;
  double sum = 0;
  for (const Estimate& estimate : estimates) {
    if (!is_observation(estimate)) continue;
    const double weight = weight_of(estimate);
    all.count += 1;
    all.weight += weight;
    all.square_weight += weight * weight;
    sum += weight * estimate.value;
  }
  all.mean = all.count > 0 ? sum / all.weight : std::numeric_limits<double>::quiet_NaN();
  for (const Estimate& estimate : estimates) {
    if (!is_observation(estimate)) continue;
    all.spread += weight_of(estimate) * (estimate.value - all.mean) * (estimate.value - all.mean);
  }
  return all;
}

}  // namespace

ShrunkEstimates shrink_toward_mean(std::span<const Estimate> estimates) {
  ShrunkEstimates shrunk;
  const Weighted fixed = weigh(estimates, 0);
  const double below = fixed.weight - fixed.square_weight / fixed.weight;
  if (fixed.count > 1 && below > 0) shrunk.variance_between = std::max(0.0, (fixed.spread - (fixed.count - 1)) / below);
  shrunk.mean = weigh(estimates, shrunk.variance_between).mean;
  for (const Estimate& estimate : estimates) {
    double kept = 0;
    if (is_observation(estimate)) {
      const double variance = estimate.standard_error * estimate.standard_error;
      kept = shrunk.variance_between / (shrunk.variance_between + variance);
    }
    shrunk.values.push_back(kept > 0 ? shrunk.mean + kept * (estimate.value - shrunk.mean) : shrunk.mean);
  }
  return shrunk;
}

}  // namespace rankwise
