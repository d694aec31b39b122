#pragma once
// How far a training has come, but for its factors. Plain values; files wrap them.

#include <limits>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Loss after one epoch, by its parts; and the metric on what was held out, NaN if it was not computed.
struct EpochLoss {
  double observed = 0;
  double unobserved = 0;
  double regularizer = 0;
  double validation = std::numeric_limits<double>::quiet_NaN();
  [[nodiscard]] double total() const { return observed + unobserved + regularizer; }
};

/// Which half of an epoch was the last to be finished.
enum class SolvedSide { items, users };

/// What has been done of a training.
struct TrainingProgress {
  std::vector<EpochLoss> history;  ///< of finished epochs
  SolvedSide solved = SolvedSide::items;
  double user_regularizer = 0;  ///< of the unfinished epoch's first half-sweep

  [[nodiscard]] Index epochs() const { return static_cast<Index>(history.size()); }
  /// Half-sweeps done; progress is newer if it has more.
  [[nodiscard]] Index half_sweeps() const { return 2 * epochs() + (solved == SolvedSide::users ? 1 : 0); }
};

}  // namespace rankwise
