#include "distributed/regression/cross_validation.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "distributed/comm/order_free_sum.hpp"
#include "distributed/regression/row_folds.hpp"
#include "kernels/statistics/estimates.hpp"

namespace rankwise {

namespace {

/// What one penalty says of all rows.
struct OutOfFold {
  std::vector<double> scores;
  bool has_converged = true;
};

/// Collective. `coefficients` are those of each fold's last fit, and become those of this one.
OutOfFold fit_folds(const Communicator& comm, const WeightedSums& sums, RegressionTask task,
                    std::span<const std::int32_t> folds, std::vector<std::vector<double>>& coefficients) {
  OutOfFold found;
  found.scores.assign(folds.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t fold = 0; fold < coefficients.size(); ++fold) {
    const std::vector<std::uint8_t> outside = rows_outside(folds, static_cast<std::int32_t>(fold));
    task.takes_part = outside;
    const RegressionFit fit = fit_regression(comm, sums, task, coefficients[fold]);
    found.has_converged = found.has_converged && fit.has_converged;
    coefficients[fold] = fit.coefficients;
    const std::vector<double> scores = linear_scores(sums.design(), fit.coefficients);
    for (std::size_t row = 0; row < folds.size(); ++row) {
      if (folds[row] == static_cast<std::int32_t>(fold)) found.scores[row] = scores[row];
    }
  }
  return found;
}

/// Mean losses over all rows and by fold. Collective.
PenaltyTrial measure(const Communicator& comm, const RegressionTask& task, std::span<const double> scores,
                     std::span<const std::int32_t> folds, std::size_t fold_count) {
  std::vector<std::vector<double>> losses(fold_count);
  std::vector<double> all;
  for (std::size_t row = 0; row < scores.size(); ++row) {
    if (folds[row] == no_fold) continue;
    all.push_back(loss_of(task.model, scores[row], task.outcomes[row]));
    losses[static_cast<std::size_t>(folds[row])].push_back(all.back());
  }
  std::vector<double> means;
  for (const std::vector<double>& of_fold : losses) {
    const Index rows = comm.sum(std::ssize(of_fold));
    const double sum = order_free_sum(comm, of_fold);
    if (rows > 0) means.push_back(sum / static_cast<double>(rows));
  }
  PenaltyTrial trial{task.penalty, order_free_sum(comm, all) / static_cast<double>(comm.sum(std::ssize(all))), 0};
  trial.standard_error = deviation_of(means, mean_of(means)) / std::sqrt(static_cast<double>(means.size()));
  return trial;
}

}  // namespace

CrossValidation cross_validate(const Communicator& comm, const WeightedSums& sums, RegressionModel model,
                               std::span<const double> outcomes, std::span<const std::int32_t> folds,
                               std::int32_t fold_count, std::vector<double> penalties) {
  std::ranges::sort(penalties, std::greater<>());
  CrossValidation found;
  std::vector<std::vector<double>> coefficients(static_cast<std::size_t>(fold_count));
  for (const double penalty : penalties) {
    const RegressionTask task{model, outcomes, {}, penalty};
    OutOfFold out = fit_folds(comm, sums, task, folds, coefficients);
    found.trials.push_back(measure(comm, task, out.scores, folds, coefficients.size()));
    const bool is_first = found.trials.size() == 1;
    if (!is_first && !(found.trials.back().loss < found.trials[found.best].loss)) continue;
    found.best = found.trials.size() - 1;
    found.has_converged = out.has_converged;
    found.predictions = predictions_of(model, std::move(out.scores));
  }
  return found;
}

std::vector<double> usual_penalties(Index rows) {
  std::vector<double> penalties;
  for (const double share : {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0})
    penalties.push_back(share * static_cast<double>(rows));
  return penalties;
}

}  // namespace rankwise
