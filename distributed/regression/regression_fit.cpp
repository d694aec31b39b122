#include "distributed/regression/regression_fit.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "distributed/comm/order_free_sum.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/base/fixed_point_sum.hpp"
#include "kernels/regression/logistic.hpp"

namespace rankwise {

namespace {

constexpr int most_steps = 100;
constexpr int most_halvings = 30;
constexpr double end_of_promises = 1e-8;

/// The sum of losses, at least 0, of all ranks' rows, as order_free_sum(), with one reduction less. Collective.
double loss_sum(const Communicator& comm, const std::vector<double>& losses, Index all_rows) {
  double largest = 0;
  for (const double loss : losses) largest = std::isfinite(loss) ? std::max(largest, loss) : INFINITY;
  largest = comm.max(largest);
  if (!std::isfinite(largest)) return INFINITY;
  const FixedPointScale scale = FixedPointScale::for_terms(largest, all_rows);
  std::int64_t sum = 0;
  for (const double loss : losses) sum += scale.to_fixed(loss);
  return scale.from_fixed(comm.sum(sum));
}

/// A point with what the rows say there.
struct Point {
  std::vector<double> coefficients;
  std::vector<double> scores;
  double objective = 0;
};

/// Runs `body(row)` for each of this rank's rows in threads.
template <class Body>
void for_each_row(std::size_t rows, const Body& body) {
  constexpr double row_operations = 40;  // an exponential
  const auto count = static_cast<Index>(rows);
#pragma omp parallel for schedule(static) num_threads(team_size(row_operations* static_cast <double>(count)))
  for (Index row = 0; row < count; ++row) body(static_cast<std::size_t>(row));
}

double objective_at(const Communicator& comm, const RegressionTask& task, const Point& point, Index all_rows) {
  std::vector<double> losses(point.scores.size());
  for_each_row(losses.size(), [&](std::size_t row) {
    if (task.takes_part[row] != 0) losses[row] = loss_of(task.model, point.scores[row], task.outcomes[row]);
  });
  double squares = 0;
  for (std::size_t c = 1; c < point.coefficients.size(); ++c) squares += point.coefficients[c] * point.coefficients[c];
  return loss_sum(comm, losses, all_rows) + task.penalty / 2 * squares;
}

Point point_at(const Communicator& comm, const WeightedSums& sums, const RegressionTask& task,
               std::vector<double> coefficients) {
  Point point{std::move(coefficients), {}, 0};
  point.scores = linear_scores(sums.design(), point.coefficients);
  point.objective = objective_at(comm, task, point, sums.design().total_rows);
  return point;
}

/// The matrix X^T W X, and the gradient with the penalty's as its right side. Collective.
NormalEquations equations_at(const Communicator& comm, const WeightedSums& sums, const RegressionTask& task,
                             const Point& point) {
  std::vector<double> weights(point.scores.size());
  std::vector<double> targets(point.scores.size());
  for_each_row(weights.size(), [&](std::size_t row) {
    if (task.takes_part[row] == 0) return;
    if (task.model == RegressionModel::ridge) {
      weights[row] = 1;
      targets[row] = task.outcomes[row] - point.scores[row];
    } else {
      const double probability = kernels::logistic_probability(point.scores[row]);
      weights[row] = probability * (1 - probability);
      targets[row] = task.outcomes[row] - probability;
    }
  });
  NormalEquations equations = sums.sum(comm, weights, targets);
  for (std::size_t c = 1; c < equations.right.size(); ++c) equations.right[c] -= task.penalty * point.coefficients[c];
  return equations;
}

std::vector<double> penalties_of(const RegressionTask& task, Index width) {
  std::vector<double> penalties(at(width), task.penalty);
  penalties.front() = 0;
  return penalties;
}

/// The variance of residuals with the degrees of freedom that the fit leaves. Collective.
double residual_variance(const Communicator& comm, const RegressionTask& task, const Point& point,
                         double effective_parameters) {
  std::vector<double> squares(point.scores.size());
  Index rows = 0;
  for (std::size_t row = 0; row < squares.size(); ++row) {
    if (task.takes_part[row] == 0) continue;
    squares[row] = (task.outcomes[row] - point.scores[row]) * (task.outcomes[row] - point.scores[row]);
    ++rows;
  }
  const double freedom = static_cast<double>(comm.sum(rows)) - effective_parameters;
  const double sum = order_free_sum(comm, squares);
  return freedom > 0 ? sum / freedom : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double loss_of(RegressionModel model, double score, double outcome) {
  if (model == RegressionModel::logistic) return kernels::logistic_loss(score, outcome);
  return (outcome - score) * (outcome - score) / 2;
}

std::vector<double> predictions_of(RegressionModel model, std::vector<double> scores) {
  if (model == RegressionModel::logistic) {
    for_each_row(scores.size(), [&](std::size_t row) { scores[row] = kernels::logistic_probability(scores[row]); });
  }
  return scores;
}

RegressionFit fit_regression(const Communicator& comm, const WeightedSums& sums, const RegressionTask& task,
                             std::span<const double> start) {
  const Index width = sums.design().width;
  std::vector<double> begin(start.begin(), start.end());
  begin.resize(at(width));
  Point point = point_at(comm, sums, task, std::move(begin));
  RegressionFit fit;
  // All decisions are by numbers that every rank has alike.
  while (!fit.has_converged && fit.steps < most_steps) {
    const NormalEquations equations = equations_at(comm, sums, task, point);
    const NormalFactor factor(equations, penalties_of(task, width));
    if (!factor.is_sound()) break;
    const std::vector<double> step = factor.solve(equations.right);
    double promise = 0;
    for (std::size_t c = 0; c < step.size(); ++c) promise += step[c] * equations.right[c] / 2;
    if (!std::isfinite(promise)) break;
    const double ending = std::max(end_of_promises, 1e-14 * std::abs(point.objective));
    bool falls = false;
    double length = 1;
    for (int halving = 0; halving < most_halvings && !falls; ++halving, length /= 2) {
      std::vector<double> next(step.size());
      for (std::size_t c = 0; c < step.size(); ++c) next[c] = point.coefficients[c] + length * step[c];
      Point tried = point_at(comm, sums, task, std::move(next));
      falls = tried.objective < point.objective || promise <= ending;
      if (falls) point = std::move(tried);
    }
    if (!falls) break;
    ++fit.steps;
    fit.has_converged = promise <= ending;
  }
  fit.coefficients = point.coefficients;
  fit.objective = point.objective;
  return fit;
}

void measure_errors(const Communicator& comm, const WeightedSums& sums, const RegressionTask& task,
                    RegressionFit& fit) {
  const Point point = point_at(comm, sums, task, fit.coefficients);
  const NormalEquations equations = equations_at(comm, sums, task, point);
  const NormalFactor factor(equations, penalties_of(task, equations.width));
  if (!factor.is_sound()) {
    fit.has_converged = false;
    fit.standard_errors.assign(fit.coefficients.size(), std::numeric_limits<double>::quiet_NaN());
    fit.effective_parameters = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  const std::vector<double> variances = factor.inverse_diagonal();
  fit.effective_parameters = static_cast<double>(equations.width);
  for (std::size_t c = 1; c < variances.size(); ++c) fit.effective_parameters -= task.penalty * variances[c];
  const double scale =
      task.model == RegressionModel::ridge ? residual_variance(comm, task, point, fit.effective_parameters) : 1;
  for (const double variance : variances) fit.standard_errors.push_back(std::sqrt(scale * variance));
}

}  // namespace rankwise
