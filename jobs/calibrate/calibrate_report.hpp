#pragma once
// What a calibration has found, in lines, a table and an event.

#include <string>
#include <string_view>

#include "io/probability/probability_file.hpp"
#include "jobs/run/report.hpp"

namespace rankwise {

/// Groups of about equal predictions, and what came of them. `part`: "held-out" or "validation".
[[nodiscard]] std::string reliability_table(const Reliability& shown, std::string_view part);

/// The line that probabilities are worth less than one share for all pairs; empty if they are not.
[[nodiscard]] std::string useless_probabilities(const Reliability& checked);

/// Says how well probabilities come true, before and after; a warning if they were not checked, or predict worse than
/// the mere share of all pairs.
void tell_calibration(Report& report, const ProbabilityFile& file);

}  // namespace rankwise
