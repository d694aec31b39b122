#pragma once
// What an evaluation prints while it runs: lines, events and warnings of the report.

#include <string>
#include <vector>

#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "jobs/evaluate/evaluation.hpp"
#include "jobs/run/report.hpp"
#include "kernels/als/objective.hpp"

namespace rankwise {

/// As --seen has it: "exclude".
[[nodiscard]] const char* seen_word(SeenItems seen);

/// Says which users are served by popularity and what no list can have, if there is any of it.
void tell_rankings(Report& report, const RankingCounts& counts);

/// Lines and events, all but warnings.
void tell_evaluation(Report& report, const Evaluation& evaluation, const Objective& objective);

/// One warning that names every metric of accuracy by which the model is worse than its yardstick; empty if there is
/// none.
[[nodiscard]] std::string worse_warning(const std::vector<MetricFigures>& metrics);

/// One warning that names every metric of accuracy by which a blend is not better for certain than the best of its
/// models, `parts`; empty if there is none, or no such model among the baselines.
[[nodiscard]] std::string useless_blend_warning(const std::vector<MetricFigures>& metrics,
                                                const std::vector<std::string>& parts);

}  // namespace rankwise
