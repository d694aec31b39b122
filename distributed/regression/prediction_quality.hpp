#pragma once
// Whether predictions come true, beside predictions that cost nothing.

#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/regression/regression_fit.hpp"
#include "distributed/regression/sorted_predictions.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Predictions of about the same size.
struct CalibrationRow {
  Index rows = 0;
  double mean_prediction = 0;
  double mean_outcome = 0;  ///< of probabilities the share that came true; NaN if one row has more than half of the sum
};

/// Of predictions of the model's kind: probabilities of outcomes 0 or 1, or amounts.
struct PredictionQuality {
  double squared_error = 0;   ///< mean: the Brier score of probabilities
  double log_loss = 0;        ///< mean; NaN of amounts
  double absolute_error = 0;  ///< mean
  RankingQuality ranking;     ///< of outcomes above 0
  /// At most ten groups of about equally many rows, predictions ascending; neighbours are one until each has at least
  /// `least` outcomes above 0 and as many others, but for groups that have none of one kind.
  std::vector<CalibrationRow> groups;
  double calibration_error = 0;  ///< mean over rows of |mean prediction - mean outcome| of the row's group
};

/// Collective over comm. One prediction and outcome for each of this rank's rows; at least one row.
[[nodiscard]] PredictionQuality measure_quality(const Communicator& comm, RegressionModel model,
                                                std::span<const double> predictions, std::span<const double> outcomes,
                                                Index least);

/// How much less one prediction loses than another, on the same rows: log loss, or half the squared error.
struct LossDifference {
  double mean = 0;            ///< above 0: `predictions` are better
  double standard_error = 0;  ///< over rows
};

/// Collective over comm.
[[nodiscard]] LossDifference compare_losses(const Communicator& comm, RegressionModel model,
                                            std::span<const double> predictions, std::span<const double> baseline,
                                            std::span<const double> outcomes);

}  // namespace rankwise
