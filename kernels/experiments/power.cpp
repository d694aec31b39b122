#include "kernels/experiments/power.hpp"

#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>

namespace rankwise {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double upper_quantile(double share) {
  return boost::math::quantile(boost::math::complement(boost::math::normal(), share));
}

/// The least difference of these shares that would be seen is at most this, if they themselves differ by it.
double seen_difference(double control_share, double treated_share, double treated, double control,
                       const PowerTarget& target) {
  const double mean = (treated_share * treated + control_share * control) / (treated + control);
  const double without_effect = std::sqrt(mean * (1 - mean) * (1 / treated + 1 / control));
  const double with_effect =
      std::sqrt(treated_share * (1 - treated_share) / treated + control_share * (1 - control_share) / control);
  return upper_quantile(target.significance / 2) * without_effect + upper_quantile(1 - target.power) * with_effect;
}

}  // namespace

double proportion_group_size(double share, double other_share, const PowerTarget& target) {
  const double difference = share - other_share;
  if (difference == 0) return std::numeric_limits<double>::infinity();
  const double of_one = seen_difference(share, other_share, 1, 1, target);
  return of_one * of_one / (difference * difference);
}

double least_detectable_rise(double control_share, double treated, double control, const PowerTarget& target) {
  if (!(treated > 0 && control > 0)) return nan;
  const auto is_seen = [&](double share) {
    return share - control_share >= seen_difference(control_share, share, treated, control, target);
  };
  if (!(control_share < 1) || !is_seen(1)) return nan;
  double unseen = control_share;
  double seen = 1;
  for (;;) {  // until no number lies between them
    const double middle = unseen + (seen - unseen) / 2;
    if (middle <= unseen || middle >= seen) return seen - control_share;
    (is_seen(middle) ? seen : unseen) = middle;
  }
}

double least_detectable_difference(double variance, double treated, double control, const PowerTarget& target) {
  if (!(treated > 0 && control > 0)) return nan;
  return least_detectable_effect(std::sqrt(variance * (1 / treated + 1 / control)), target);
}

double least_detectable_effect(double standard_error, const PowerTarget& target) {
  return (upper_quantile(target.significance / 2) + upper_quantile(1 - target.power)) * standard_error;
}

}  // namespace rankwise
