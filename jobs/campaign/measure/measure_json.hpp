#pragma once
// Findings as JSON (docs/FORMATS.md), and uplifts as the table that the next plan reads.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "jobs/campaign/measure/findings.hpp"

namespace rankwise {

/// All that may be printed.
[[nodiscard]] nlohmann::ordered_json measure_json(const MeasureFindings& findings);

/// CSV: segment,offer,treated,control,uplift,standard_error,shrunk_uplift,sent_share.
[[nodiscard]] std::string uplift_csv(const CampaignFindings& findings);

}  // namespace rankwise
