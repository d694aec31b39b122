#pragma once
// What is odd in a campaign's numbers, each a line.

#include "jobs/campaign/campaign_file.hpp"
#include "jobs/campaign/campaign_options.hpp"
#include "jobs/run/report.hpp"

namespace rankwise {

struct CampaignProposal;

/// Warnings: probabilities that are missing or outside 0 to 1, uplift that fits nothing, offers that nobody can get,
/// capacities and a budget that do not bind, strata that cannot be compared, no hold-out.
void warn_of_proposal(Report& report, const CampaignOptions& options, const CampaignSettings& settings,
                      const CampaignProposal& proposal);

}  // namespace rankwise
