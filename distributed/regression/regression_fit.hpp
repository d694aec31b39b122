#pragma once
// Logistic regression and ridge regression of all ranks' rows.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/regression/weighted_sums.hpp"

namespace rankwise {

enum class RegressionModel { logistic, ridge };

/// What is fitted. Logistic: minimizes sum_r log(1 + exp(s_r)) - y_r s_r + L / 2 sum_c b_c^2, with y_r 0 or 1 and
/// s_r = x_r . b, which is scikit-learn's LogisticRegression(C = 1 / L). Ridge: sum_r (y_r - s_r)^2 + L sum_c b_c^2,
/// its Ridge(alpha = L). The intercept, column 0, has no penalty.
struct RegressionTask {
  RegressionModel model = RegressionModel::logistic;
  std::span<const double> outcomes;          ///< y of this rank's rows
  std::span<const std::uint8_t> takes_part;  ///< 0: the row is left out
  double penalty = 0;                        ///< L, at least 0
};

struct RegressionFit {
  std::vector<double> coefficients;
  /// Of measure_errors(), empty before. Square roots of the diagonal of (X^T W X + L I)^-1, for ridge times the
  /// variance of the residuals: of the penalized fit, as if the penalty were a normal distribution of coefficients
  /// known before (Wood, Generalized Additive Models, 2017, 6.10).
  std::vector<double> standard_errors;
  double effective_parameters = 0;  ///< trace of (X^T W X + L I)^-1 X^T W X
  double objective = 0;             ///< what is minimized
  int steps = 0;
  bool has_converged = false;
};

/// Newton's method, each step halved until the objective falls (ridge: one step), from `start` (empty: 0). The end: a
/// step that promises less than 1e-8. Without a maximum (a penalty of 0 and outcomes that a line separates, or columns
/// that depend on each other) has_converged is false, and so it is if a matrix is not positive definite. The same bits
/// for any ranks and threads. Collective over comm.
[[nodiscard]] RegressionFit fit_regression(const Communicator& comm, const WeightedSums& sums,
                                           const RegressionTask& task, std::span<const double> start = {});

/// Adds standard errors and effective parameters to a fit of the task; a matrix that is not positive definite makes
/// them NaN, and the fit one that has not converged. Collective over comm.
void measure_errors(const Communicator& comm, const WeightedSums& sums, const RegressionTask& task, RegressionFit& fit);

/// What the model predicts of a score: a probability, or the score itself.
[[nodiscard]] std::vector<double> predictions_of(RegressionModel model, std::vector<double> scores);

/// -log of the outcome's probability, or half the square of outcome less score.
[[nodiscard]] double loss_of(RegressionModel model, double score, double outcome);

}  // namespace rankwise
