#pragma once
// What `campaign plan` and `campaign assign` have in common: from files to an assignment.

#include "jobs/campaign/campaign_file.hpp"
#include "jobs/campaign/campaign_options.hpp"
#include "jobs/campaign/eligible_customers.hpp"
#include "jobs/campaign/proposal.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct CampaignRun {
  CampaignSettings settings;
  EligibleCustomers customers;
  CampaignProposal proposal;
};

/// Reads all inputs, draws groups and solves for offers; warns, and logs events. Collective over context.comm; throws
/// AgreedError (usage, no_input, bad_data).
void run_campaign(JobContext& context, const CampaignOptions& options, CampaignRun& run);

}  // namespace rankwise
