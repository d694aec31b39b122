#pragma once
// Outcomes less what was known of customers before the experiment: the same difference, with less noise.

#include "kernels/experiments/exact_sums.hpp"
#include "kernels/experiments/welch.hpp"

namespace rankwise {

/// Outcomes adjusted by two covariates: the past, and whether there is none.
struct AdjustedGroups {
  GroupMoments treated;
  GroupMoments control;
  double past_slope = 0;          ///< theta of the past; 0 if it is the same for all
  double without_past_slope = 0;  ///< theta of having none; 0 if all have one or nobody has
  double explained_share = 0;     ///< of the outcomes' variance, over the customers of both groups: R^2
};

/// CUPED (Deng, Xu, Kohavi and Walker, WSDM 2013): theta = S^-1 s with the covariances S of the covariates and s of
/// these with the outcome, of the customers of both groups together. A group's mean is that of Y - theta'(Z - mean of
/// all Z), its variance that of these residuals. NaN if a group is empty.
[[nodiscard]] AdjustedGroups adjust_for_past(const OutcomeSums& treated, const OutcomeSums& control);

}  // namespace rankwise
