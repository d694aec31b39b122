#pragma once
// From the values of contenders to estimates, intervals and paired differences.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/evaluation/metric_sample.hpp"
#include "distributed/rows/id_rows.hpp"
#include "jobs/evaluate/contenders.hpp"
#include "jobs/evaluate/evaluate_settings.hpp"
#include "jobs/evaluate/evaluation.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

/// Names of this rank's users, for resampling.
struct UserKeys {
  std::vector<std::uint64_t> ranked;  ///< users with something to find
  std::vector<std::uint64_t> rated;   ///< users with held-out interactions
};

/// Of this rank's held-out rows. Collective over the dataset's ranks.
[[nodiscard]] IdRows ids_of_users(const Contest& contest);
/// Collective over the dataset's ranks.
[[nodiscard]] UserKeys user_keys_of(const Contest& contest);

/// The first contender's value of each metric beside the others', as far as they have one; by pairs of users, with
/// Wilcoxon's test if `extra` says so. Collective over comm.
[[nodiscard]] std::vector<MetricFigures> estimate_metrics(const Communicator& comm, const Contest& contest,
                                                          std::span<const EvaluationMetric> metrics,
                                                          std::span<const Contender> contenders, const UserKeys& keys,
                                                          std::uint64_t seed, ExtraTest extra);

/// Whether a contender has values of such a metric.
[[nodiscard]] bool takes_part(const EvaluationMetric& metric, const Contender& contender);

/// A contender's values of a metric that is a mean over users of lists.
[[nodiscard]] std::span<const double> user_values(const Contest& contest, const EvaluationMetric& metric,
                                                  const Contender& contender);

[[nodiscard]] ValueFigures figures_of(const MetricEstimate& estimate);

/// Recall at 1, 2, 5, 10, ... of the first two contenders, as far as the contest's questions have it. Collective over
/// comm.
[[nodiscard]] std::vector<RecallAtCutoff> recall_by_cutoff(const Communicator& comm, const Contest& contest,
                                                           std::span<const EvaluationMetric> curve,
                                                           std::span<const Contender> contenders);

/// Ten bins of equal width between the lowest and the highest prediction; without those that are empty. Collective over
/// comm.
[[nodiscard]] std::vector<CalibrationBin> calibration(const Communicator& comm, const Contest& contest,
                                                      const RatingPredictions& ratings);

}  // namespace rankwise
