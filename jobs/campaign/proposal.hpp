#pragma once
// The assignment that a campaign would have, or has: groups, values, prices, and offers of each customer.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/campaign/assignment.hpp"
#include "distributed/campaign/offer_assignment.hpp"
#include "distributed/campaign/offer_prices.hpp"
#include "distributed/campaign/offer_values.hpp"
#include "jobs/campaign/campaign_file.hpp"
#include "jobs/campaign/campaign_options.hpp"
#include "jobs/campaign/eligible_customers.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What a column of probabilities holds, of eligible customers of all ranks.
struct ProbabilityColumn {
  std::string name;
  std::string file;
  Index missing = 0;
  Index outside = 0;  ///< below 0 or above 1: they count as missing
};

/// How an uplift table fits a campaign.
struct UpliftUse {
  Index rows = 0;
  Index used = 0;
  Index unknown = 0;    ///< of a segment or an offer that the campaign does not have
  Index empty = 0;      ///< without a value, or sent to too few of those for whom it was intended
  Index unmatched = 0;  ///< of a segment that matches none of now
  bool has_sent_share = true;
  bool by_number = false;  ///< segments have only numbers, and nothing says that these mean the same clusters
};

/// Customers of a stratum, of all ranks.
struct StratumSize {
  std::string name;
  Index customers = 0;  ///< treated and controls
  Index controls = 0;
};

struct CampaignProposal {
  CampaignAssignment assignment;  ///< without times of creation
  OfferValues values;             ///< of its customers
  CampaignLimits limits;
  PriceSearch search;
  OfferFigures figures;
  std::vector<ProbabilityColumn> columns;
  UpliftUse uplift;
  std::vector<StratumSize> strata;
  std::array<Index, customer_group_count> groups{};
};

/// Draws groups with `key`, then solves for offers. Warns of all that is odd in values, limits and strata. Collective
/// over context.comm; throws AgreedError (usage: a column that no file has, numbers that are too large; bad_data).
[[nodiscard]] CampaignProposal propose(JobContext& context, const CampaignOptions& options,
                                       const CampaignSettings& settings, EligibleCustomers& customers,
                                       const std::string& key);

/// The largest share of the bound that the assignment may lack; 0 of a bound of 0.
[[nodiscard]] double gap_of(const CampaignProposal& proposal);

}  // namespace rankwise
