#pragma once
// The report of an evaluation for people: one HTML file without anything from elsewhere.

#include <string>
#include <string_view>

namespace rankwise {

/// From the JSON that --output holds (docs/FORMATS.md): a conclusion in words, metrics with their intervals beside
/// baselines, paired differences, slices, recall by cutoff, calibration, leakage, and what was evaluated. A part whose
/// member is absent, null or empty is left out.
[[nodiscard]] std::string evaluation_page(std::string_view json);

}  // namespace rankwise
