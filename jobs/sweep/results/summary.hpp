#pragma once
// results/summary.json: what a sweep found, for other programs and for the page.

#include <nlohmann/json_fwd.hpp>

#include "jobs/sweep/results/results.hpp"

namespace rankwise {

[[nodiscard]] nlohmann::ordered_json results_summary(const SweepResults& results);

}  // namespace rankwise
