#pragma once
// What a calibration has found, in lines, a table and an event.

#include <string>

#include "io/probability/probability_file.hpp"
#include "jobs/run/report.hpp"

namespace rankwise {

/// The table of reliabilities: of the held-out part if it was checked, else of the validation part.
[[nodiscard]] std::string reliability_table(const ProbabilityFile& file);

/// Says how well probabilities come true, before and after; a warning if they were not checked, or predict worse than
/// the mere share of all pairs.
void tell_calibration(Report& report, const ProbabilityFile& file);

}  // namespace rankwise
