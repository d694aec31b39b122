#pragma once
// From prices to an assignment that is feasible: what customers choose is intended; what does not fit is taken back,
// and what is left over is given to whom it is worth something.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/campaign/assignment.hpp"
#include "distributed/campaign/offer_prices.hpp"
#include "distributed/campaign/offer_values.hpp"
#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Of each offer or in all; sums over all ranks.
struct OfferFigures {
  std::vector<Index> possible;  ///< customers of all groups with whom it is worth something, if there is a place at all
  std::vector<Index> unknown;   ///< customers of whom neither probability nor uplift is known
  std::vector<Index> intended;  ///< treated customers
  std::vector<Index> intended_of_controls;
  std::vector<Index> sent;
  std::vector<Index> taken_back;                        ///< intended, but not sent
  std::vector<Index> filled;                            ///< sent, but not intended
  std::vector<std::int64_t> value_millionths;           ///< of what is sent
  std::vector<std::int64_t> intended_value_millionths;  ///< of all groups, by intention
  Index customers = 0;                                  ///< treated ones who are sent something
  std::int64_t spending_millionths = 0;
  std::int64_t value_total_millionths = 0;
  std::int64_t probability_millionths = 0;  ///< the sum over what is sent and has one
};

struct OfferAssignment {
  OfferLines lines;  ///< of all customers
  OfferFigures figures;
};

/// Customers choose at `prices` whatever their group is. Of treated ones, offers above a capacity lose those with the
/// smallest net values; then, if the budget is exceeded, those with the smallest value a cost (a place that a customer
/// leaves then stays empty, so that its price counts). Then rounds in which
/// each treated customer with room asks for the best offer that has places left and fits the remaining budget: places
/// go to the largest net values, and the budget to the largest values a cost. Equal ones share the fate. Never
/// infeasible. The same on any number of ranks and threads. Collective over comm.
[[nodiscard]] OfferAssignment assign_offers(const Communicator& comm, const OfferValues& values,
                                            std::span<const CustomerGroup> groups, const CampaignLimits& limits,
                                            const OfferPrices& prices);

}  // namespace rankwise
