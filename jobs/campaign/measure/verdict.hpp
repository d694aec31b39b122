#pragma once
// What is to be said of a campaign, in plain words.

#include <string>
#include <vector>

#include "jobs/campaign/measure/findings.hpp"

namespace rankwise {

/// Numbers of people in sentences: four significant digits at least, no exponent.
[[nodiscard]] std::string number_text(double number);

/// p values of sentences: "0.02", "below 0.0001".
[[nodiscard]] std::string p_text(double p);

/// The same as "p = 0.0200", "p < 0.0001".
[[nodiscard]] std::string p_equation(double p);

/// "0.45 to 2.01", or "unknown".
[[nodiscard]] std::string interval_text(const Effect& effect);

/// Decides and says it: fills verdict, sentences and caveats, when all else is measured and p_adjusted is set.
/// `campaigns`: that were measured together.
void judge(CampaignFindings& findings, Index least_group, std::size_t campaigns);

}  // namespace rankwise
