#pragma once
// Predictions of all ranks in ascending order, and how well they order what came.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct Prediction {
  double prediction = 0;
  double outcome = 0;
};

/// All ranks' predictions, ascending over ranks; equal ones are on one rank, so that what is found knows no number of
/// ranks.
struct SortedPredictions {
  std::vector<Prediction> mine;  ///< ascending by prediction
  Index before = 0;              ///< on the ranks before this one
  Index total = 0;
};

/// Predictions are not NaN. Collective over comm.
[[nodiscard]] SortedPredictions sort_predictions(const Communicator& comm, std::vector<Prediction> predictions);

/// Area under the curve of outcomes above 0 against the others: the chance that one of these has the higher prediction,
/// equal ones counting half.
struct RankingQuality {
  double auc = 0;             ///< NaN without outcomes of both kinds
  double standard_error = 0;  ///< DeLong, DeLong and Clarke-Pearson, Biometrics 1988; NaN with fewer than two of a kind
};

/// Collective over comm.
[[nodiscard]] RankingQuality ranking_quality(const Communicator& comm, const SortedPredictions& sorted);

/// Predictions that follow each other.
struct PredictionGroup {
  Index rows = 0;
  Index successes = 0;   ///< outcomes above 0
  double predicted = 0;  ///< sum
  double came = 0;       ///< sum of outcomes
  double largest = 0;    ///< magnitude among outcomes
};

/// At most `groups` of about equally many; equal predictions belong to the group in which they begin. The same on every
/// rank. Collective over comm.
[[nodiscard]] std::vector<PredictionGroup> group_predictions(const Communicator& comm, const SortedPredictions& sorted,
                                                             Index groups);

}  // namespace rankwise
