#pragma once
// How large an effect an experiment of two groups can see, before there are outcomes. Normal approximation, two-sided.

namespace rankwise {

/// `significance`: the share of experiments without an effect that find one; `power`: the share of those with the
/// effect that find it. Both in (0, 1).
struct PowerTarget {
  double significance = 0.05;
  double power = 0.8;
};

/// Customers of each of two groups of equal size so that a change from one share to the other is seen:
/// n = (z_a sqrt(2 m (1 - m)) + z_b sqrt(p (1 - p) + q (1 - q)))^2 / (p - q)^2 with m = (p + q) / 2 (Fleiss, Levin and
/// Paik, Statistical Methods for Rates and Proportions, 2003, without the correction of continuity). Not rounded.
/// Infinity if both shares are the same. Shares in [0, 1].
[[nodiscard]] double proportion_group_size(double share, double other_share, const PowerTarget& target = {});

/// The least rise of a share that groups of these sizes see: the same formula, each variance over its group's size, the
/// mean share by size. `control_share` in [0, 1]. NaN if a group is empty, or if not even the share 1 is seen.
[[nodiscard]] double least_detectable_rise(double control_share, double treated, double control,
                                           const PowerTarget& target = {});

/// The least difference of two means that groups of these sizes see: (z_a + z_b) sqrt(variance (1 / n1 + 1 / n0)).
/// `variance` is that of one customer's outcome, the same in both groups. NaN if a group is empty.
[[nodiscard]] double least_detectable_difference(double variance, double treated, double control,
                                                 const PowerTarget& target = {});

/// The least effect that a comparison of this standard error sees: (z_a + z_b) times it.
[[nodiscard]] double least_detectable_effect(double standard_error, const PowerTarget& target = {});

}  // namespace rankwise
