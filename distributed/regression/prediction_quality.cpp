#include "distributed/regression/prediction_quality.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "distributed/comm/order_free_sum.hpp"

namespace rankwise {

namespace {

constexpr Index most_groups = 10;

/// -log of the probability of what came; of a probability of 0 for it, of the smallest number.
double log_loss(double probability, double outcome) {
  const double of_outcome = outcome > 0 ? probability : 1 - probability;
  return -std::log(std::max(of_outcome, std::numeric_limits<double>::min()));
}

double loss_of_prediction(RegressionModel model, double prediction, double outcome) {
  if (model == RegressionModel::logistic) return log_loss(prediction, outcome);
  return (prediction - outcome) * (prediction - outcome) / 2;
}

bool is_printable(const PredictionGroup& group, Index least) {
  const Index others = group.rows - group.successes;
  return group.rows >= least && (group.successes == 0 || group.successes >= least) && (others == 0 || others >= least);
}

void join(PredictionGroup& group, const PredictionGroup& next) {
  group.rows += next.rows;
  group.successes += next.successes;
  group.predicted += next.predicted;
  group.came += next.came;
  group.largest = std::max(group.largest, next.largest);
}

/// Neighbours become one until each may be printed.
std::vector<PredictionGroup> joined(const std::vector<PredictionGroup>& groups, Index least) {
  std::vector<PredictionGroup> found;
  for (const PredictionGroup& group : groups) {
    if (found.empty() || is_printable(found.back(), least)) {
      found.push_back(group);
    } else {
      join(found.back(), group);
    }
  }
  while (found.size() > 1 && !is_printable(found.back(), least)) {
    const PredictionGroup last = found.back();
    found.pop_back();
    join(found.back(), last);
  }
  return found;
}

}  // namespace

PredictionQuality measure_quality(const Communicator& comm, RegressionModel model, std::span<const double> predictions,
                                  std::span<const double> outcomes, Index least) {
  std::vector<double> squares;
  std::vector<double> sizes;
  std::vector<double> logs;
  std::vector<Prediction> pairs;
  for (std::size_t row = 0; row < predictions.size(); ++row) {
    const double error = predictions[row] - outcomes[row];
    squares.push_back(error * error);
    sizes.push_back(std::abs(error));
    if (model == RegressionModel::logistic) logs.push_back(log_loss(predictions[row], outcomes[row]));
    pairs.push_back({predictions[row], outcomes[row]});
  }
  const auto rows = static_cast<double>(comm.sum(std::ssize(predictions)));
  PredictionQuality found;
  found.squared_error = order_free_sum(comm, squares) / rows;
  found.absolute_error = order_free_sum(comm, sizes) / rows;
  const double log_sum = order_free_sum(comm, logs);
  found.log_loss = model == RegressionModel::logistic ? log_sum / rows : std::numeric_limits<double>::quiet_NaN();

  const SortedPredictions sorted = sort_predictions(comm, std::move(pairs));
  found.ranking = ranking_quality(comm, sorted);
  for (const PredictionGroup& group : joined(group_predictions(comm, sorted, most_groups), least)) {
    const auto size = static_cast<double>(group.rows);
    CalibrationRow row{group.rows, group.predicted / size, group.came / size};
    found.calibration_error += size / rows * std::abs(row.mean_prediction - row.mean_outcome);
    const bool is_of_one = model == RegressionModel::ridge && group.largest > std::abs(group.came) / 2;
    if (is_of_one) row.mean_outcome = std::numeric_limits<double>::quiet_NaN();
    found.groups.push_back(row);
  }
  return found;
}

LossDifference compare_losses(const Communicator& comm, RegressionModel model, std::span<const double> predictions,
                              std::span<const double> baseline, std::span<const double> outcomes) {
  std::vector<double> differences;
  for (std::size_t row = 0; row < predictions.size(); ++row) {
    differences.push_back(loss_of_prediction(model, baseline[row], outcomes[row]) -
                          loss_of_prediction(model, predictions[row], outcomes[row]));
  }
  const auto rows = static_cast<double>(comm.sum(std::ssize(differences)));
  LossDifference found;
  found.mean = order_free_sum(comm, differences) / rows;
  for (double& difference : differences) difference = (difference - found.mean) * (difference - found.mean);
  const double squares = order_free_sum(comm, differences);
  found.standard_error = rows > 1 ? std::sqrt(squares / (rows - 1) / rows) : std::numeric_limits<double>::quiet_NaN();
  return found;
}

}  // namespace rankwise
