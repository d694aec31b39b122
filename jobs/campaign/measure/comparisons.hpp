#pragma once
// Treated customers beside controls: of the whole list, by segment and offer, by what was expected of them.

#include "distributed/comm/communicator.hpp"
#include "jobs/campaign/measure/campaign_list.hpp"
#include "jobs/campaign/measure/findings.hpp"
#include "jobs/campaign/measure/next_period.hpp"

namespace rankwise {

/// Fills comparisons, primary and least_detectable. Customers of the global hold-out are in neither group. Collective
/// over comm.
void compare_list(const Communicator& comm, const CampaignList& list, const ListOutcomes& bought, Index least_group,
                  CampaignFindings& findings);

/// Fills segments, offers, uplifts (if margin is known), shrunk, and cells_hidden. Nothing about fewer than
/// `least_group` customers or buyers of a group is printed, nor what totals would give back. Collective over comm.
void compare_cells(const Communicator& comm, const CampaignList& list, const ListOutcomes& bought, Index least_group,
                   CampaignFindings& findings);

/// Fills deciles and decile_heterogeneity_p: tenths of the list by what `campaign assign` expected. Collective.
void compare_deciles(const Communicator& comm, const CampaignList& list, const ListOutcomes& bought, Index least_group,
                     CampaignFindings& findings);

}  // namespace rankwise
