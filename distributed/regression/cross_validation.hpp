#pragma once
// Which penalty predicts rows best that a fit has not seen.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/regression/regression_fit.hpp"

namespace rankwise {

struct PenaltyTrial {
  double penalty = 0;
  double loss = 0;            ///< out of fold, mean over the rows: loss_of()
  double standard_error = 0;  ///< deviation of the folds' means over the root of their number
};

struct CrossValidation {
  std::vector<PenaltyTrial> trials;  ///< penalties descending
  std::size_t best = 0;              ///< of the least loss, the largest penalty if several have it
  std::vector<double> predictions;   ///< of this rank's rows (of no fold: NaN), with the best penalty, by the fit that
                                     ///< has not seen the row
  bool has_converged = true;         ///< all fits with the best penalty
};

/// `folds` has a number from 0 to fold_count - 1 for each of this rank's rows, or no_fold of a row that has no say;
/// each fold leaves rows to learn from. `penalties` are different. Each fit begins with that of the next larger
/// penalty. Collective over comm.
[[nodiscard]] CrossValidation cross_validate(const Communicator& comm, const WeightedSums& sums, RegressionModel model,
                                             std::span<const double> outcomes, std::span<const std::int32_t> folds,
                                             std::int32_t fold_count, std::vector<double> penalties);

/// Penalties to try for so many rows: rows times 1e-6, 1e-5, ..., 10.
[[nodiscard]] std::vector<double> usual_penalties(Index rows);

}  // namespace rankwise
