#pragma once
// What a sweep's results come to, in words.

#include <string>

#include "jobs/sweep/results/results.hpp"

namespace rankwise {

/// What the metric of this plan is compared with: "lists by popularity"; empty of kmeans, which has nothing.
[[nodiscard]] std::string baseline_name(const SweepPlan& plan);

/// Whether the chosen trial is not better than the baseline.
[[nodiscard]] bool loses_to_baseline(const SweepResults& results);

/// Why the chosen trial was chosen, and whether it beats the baseline: "Trial 7 is the simplest of 3 trials that are as
/// good as the best, trial 2: ...".
[[nodiscard]] std::string conclusion_text(const SweepResults& results);

/// What the columns "behind best" and "95% +-" of a table of trials are, and what "as good" means.
[[nodiscard]] std::string table_legend(const SweepResults& results);

}  // namespace rankwise
