#pragma once
// Two groups compared by their means: Welch's test, and the relative lift by the delta method.

#include "kernels/statistics/estimates.hpp"

namespace rankwise {

/// What is known of a group's outcomes. `count` is whole; `variance` has count - 1 below; NaN of fewer than two.
struct GroupMoments {
  double count = 0;
  double mean = 0;
  double variance = 0;
};

/// From the sum of `count` values and that of their squares.
[[nodiscard]] GroupMoments moments_of_sums(double count, double sum, double squares);

/// An estimate with its two-sided test against 0, by Student's t. All but `value` are NaN, and p is 1, if a group has
/// fewer than two members or nobody's outcome differs.
struct Effect {
  double value = 0;
  double standard_error = 0;
  double t = 0;
  double degrees_of_freedom = 0;
  double p = 1;
  Interval interval;
};

/// Mean of the treated less that of the controls: se^2 = s1^2 / n1 + s0^2 / n0, degrees of freedom by Satterthwaite
/// (Welch, Biometrika 1947). `confidence_level` in (0, 1).
[[nodiscard]] Effect welch_effect(const GroupMoments& treated, const GroupMoments& control, double confidence_level);

/// The difference of means over the mean of the controls, which may be of more customers or without adjustment:
/// `control_mean`. By the delta method: se^2 = s1^2 / (n1 c^2) + m1^2 s0^2 / (n0 c^4), with m1 = c + difference, and
/// degrees of freedom as welch_effect has them. NaN if the mean of the controls is not above 0, as a share of it then
/// says nothing.
[[nodiscard]] Effect relative_lift(const GroupMoments& treated, const GroupMoments& control, double control_mean,
                                   double confidence_level);

}  // namespace rankwise
