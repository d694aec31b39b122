#include "kernels/experiments/welch.hpp"

#include <cmath>
#include <limits>

#include "kernels/statistics/student.hpp"

namespace rankwise {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double variance_of_mean(const GroupMoments& group) {
  return group.variance / group.count;
}

/// Welch's and Satterthwaite's.
double degrees_of_freedom(const GroupMoments& treated, const GroupMoments& control) {
  const double one = variance_of_mean(treated);
  const double other = variance_of_mean(control);
  return (one + other) * (one + other) / (one * one / (treated.count - 1) + other * other / (control.count - 1));
}

bool are_testable(const GroupMoments& treated, const GroupMoments& control) {
  return treated.count >= 2 && control.count >= 2 && treated.variance + control.variance > 0;
}

Effect without_test(double value) {
  return {.value = value,
          .standard_error = nan,
          .t = nan,
          .degrees_of_freedom = nan,
          .p = 1,
          .interval = {.low = nan, .high = nan}};
}

Effect tested(double value, double standard_error, double freedom, double confidence_level) {
  const double t = value / standard_error;
  const double half = student_quantile((1 + confidence_level) / 2, freedom) * standard_error;
  return {.value = value,
          .standard_error = standard_error,
          .t = t,
          .degrees_of_freedom = freedom,
          .p = student_two_sided_p(t, freedom),
          .interval = {.low = value - half, .high = value + half}};
}

}  // namespace

GroupMoments moments_of_sums(double count, double sum, double squares) {
  if (!(count > 0)) return {.count = 0, .mean = nan, .variance = nan};
  const double mean = sum / count;
  return {.count = count, .mean = mean, .variance = count < 2 ? nan : (squares - sum * mean) / (count - 1)};
}

Effect welch_effect(const GroupMoments& treated, const GroupMoments& control, double confidence_level) {
  const double difference = treated.mean - control.mean;
  if (!are_testable(treated, control)) return without_test(difference);
  const double standard_error = std::sqrt(variance_of_mean(treated) + variance_of_mean(control));
  return tested(difference, standard_error, degrees_of_freedom(treated, control), confidence_level);
}

Effect relative_lift(const GroupMoments& treated, const GroupMoments& control, double control_mean,
                     double confidence_level) {
  if (!(control_mean > 0)) return without_test(nan);
  const double difference = treated.mean - control.mean;
  const double lift = difference / control_mean;
  if (!are_testable(treated, control)) return without_test(lift);
  const double share = (control_mean + difference) / control_mean;  // of the treated mean in that of the controls
  const double standard_error =
      std::sqrt(variance_of_mean(treated) + share * share * variance_of_mean(control)) / control_mean;
  return tested(lift, standard_error, degrees_of_freedom(treated, control), confidence_level);
}

}  // namespace rankwise
