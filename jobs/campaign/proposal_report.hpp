#pragma once
// A campaign's numbers as tables for people and as JSON.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "jobs/campaign/campaign_run.hpp"

namespace rankwise {

/// Who is eligible, groups, offers with their prices, and what it all is worth.
[[nodiscard]] std::string proposal_table(const CampaignRun& run);

/// The same numbers.
[[nodiscard]] nlohmann::ordered_json proposal_json(const CampaignRun& run);

}  // namespace rankwise
