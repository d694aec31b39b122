#include "kernels/experiments/covariates.hpp"

#include <algorithm>

namespace rankwise {

namespace {

struct Slopes {
  double past = 0;
  double without_past = 0;
};

/// Least squares of two covariates, of one of them if the other does not vary or follows from it.
Slopes least_squares(const CentredSums& sums) {
  constexpr double collinear = 1e-9;  // of a determinant over the product of both variances
  const double product = sums.past_square * sums.without_past_square;
  const double determinant = product - sums.past_without_past * sums.past_without_past;
  if (product > 0 && determinant > collinear * product) {
    return {
        .past = (sums.outcome_past * sums.without_past_square - sums.outcome_without_past * sums.past_without_past) /
                determinant,
        .without_past =
            (sums.outcome_without_past * sums.past_square - sums.outcome_past * sums.past_without_past) / determinant};
  }
  if (sums.past_square > 0) return {.past = sums.outcome_past / sums.past_square};
  if (sums.without_past_square > 0) return {.without_past = sums.outcome_without_past / sums.without_past_square};
  return {};
}

/// Of residuals, about their mean.
double residual_square(const CentredSums& sums, const Slopes& slopes) {
  const double square = sums.outcome_square + slopes.past * slopes.past * sums.past_square +
                        slopes.without_past * slopes.without_past * sums.without_past_square -
                        2 * (slopes.past * sums.outcome_past + slopes.without_past * sums.outcome_without_past -
                             slopes.past * slopes.without_past * sums.past_without_past);
  return std::max(square, 0.0);  // rounding
}

double without_past_share(const OutcomeSums& sums) {
  return static_cast<double>(sums.without_past) / static_cast<double>(sums.customers);
}

GroupMoments adjusted(const OutcomeSums& group, const OutcomeSums& all, const Slopes& slopes) {
  GroupMoments moments = outcome_moments(group);
  moments.mean -= slopes.past * (past_moments(group).mean - past_moments(all).mean) +
                  slopes.without_past * (without_past_share(group) - without_past_share(all));
  if (moments.count >= 2) moments.variance = residual_square(centred_sums(group), slopes) / (moments.count - 1);
  return moments;
}

}  // namespace

AdjustedGroups adjust_for_past(const OutcomeSums& treated, const OutcomeSums& control) {
  OutcomeSums all = treated;
  all += control;
  const CentredSums sums = centred_sums(all);
  const Slopes slopes = least_squares(sums);
  return {.treated = adjusted(treated, all, slopes),
          .control = adjusted(control, all, slopes),
          .past_slope = slopes.past,
          .without_past_slope = slopes.without_past,
          .explained_share = sums.outcome_square > 0 ? 1 - residual_square(sums, slopes) / sums.outcome_square : 0};
}

}  // namespace rankwise
