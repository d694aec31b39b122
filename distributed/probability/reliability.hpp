#pragma once
// Whether predicted probabilities come true.

#include <functional>
#include <vector>

#include "distributed/probability/score_outcomes.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Pairs of about the same prediction.
struct ReliabilityGroup {
  Index pairs = 0;
  double mean_prediction = 0;
  double share = 0;  ///< of them that came true
};

struct Reliability {
  Index pairs = 0;
  Index successes = 0;  ///< pairs that came true
  double mean_prediction = 0;
  double share = 0;
  std::vector<ReliabilityGroup> groups;  ///< at most ten of about equally many pairs, predictions ascending
  /// Expected calibration error (Naeini, Cooper and Hauskrecht, AAAI 2015) over these groups: the mean over pairs of
  /// |mean prediction - share| of the pair's group.
  double calibration_error = 0;
  double brier = 0;           ///< mean square of prediction less outcome (Brier 1950)
  double constant_brier = 0;  ///< of the share as everyone's prediction
};

/// A prediction for each bin of scores of each band; below 0 is taken for 0, above 1 for 1.
using PredictionOfBin = std::function<double(std::size_t band, std::size_t bin)>;

/// From counts alone, so the same bits on any ranks. All figures are 0 without pairs.
[[nodiscard]] Reliability measure_reliability(const ScoreOutcomes& outcomes, const PredictionOfBin& prediction);

}  // namespace rankwise
