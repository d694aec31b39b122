#pragma once
// Findings as a table for a terminal.

#include <string>

#include "jobs/campaign/measure/findings.hpp"

namespace rankwise {

[[nodiscard]] std::string measure_table(const CampaignFindings& findings, Index least_group);

}  // namespace rankwise
