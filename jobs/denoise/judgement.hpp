#pragma once
// What models say of training interactions that they have not seen.

#include <cmath>
#include <optional>
#include <vector>

#include "distributed/denoising/edited_pairs.hpp"
#include "jobs/denoise/denoise_settings.hpp"
#include "jobs/denoise/trainings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct JudgedPair {
  TrainedPair pair;
  float value = 0;
  double prediction = 0;  ///< explicit: the rating; implicit: the score
  /// explicit: error in robust deviations; implicit: percent of the user's other candidates that score above. NaN: the
  /// model knows nothing of the user or the item, so that it cannot judge.
  double distance = 0;

  [[nodiscard]] bool is_judged() const { return !std::isnan(distance); }
};

struct Judgement {
  std::vector<JudgedPair> pairs;  ///< of this rank's users by count, ascending; all training interactions
  Index interactions = 0;         ///< over all ranks
  Index judged = 0;               ///< of them
  std::optional<double> scale;    ///< explicit: the robust deviation; none if errors have no spread
};

/// Trains a model of all but each fold, and judges the fold's interactions by it. Without spread nothing is judged.
/// Collective over context.comm; throws AgreedError.
[[nodiscard]] Judgement judge_out_of_fold(JobContext& context, const DenoiseOptions& options, Trainings& trainings);

}  // namespace rankwise
