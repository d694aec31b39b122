#pragma once
// The report of a sweep for people: one HTML file without anything from elsewhere.

#include <string>
#include <string_view>

#include "jobs/sweep/results/results.hpp"

namespace rankwise {

/// Tables and plots: parallel coordinates, slices by parameter, spread over folds, learning curves, when tasks ran, and
/// what was predicted beside what was measured. A pure function of the results, and of the runs that the scheduler's
/// folder in `directory` tells of.
[[nodiscard]] std::string results_html(const SweepResults& results, const std::string& directory);

/// The page without its data, jobs/sweep/results/report_page.html.
extern const std::string_view sweep_report_page;

}  // namespace rankwise
