#pragma once
// Prices of offers and of the budget, at which customers who choose for themselves leave capacities and budget nearly
// full; and what no assignment can exceed. Ranks exchange sums alone.
//
// The Lagrangian dual of  max sum v x,  sum_u x_uo <= K_o,  sum c_o x_uo <= B,  each user's offers within OfferLimits:
//
//   D(m, l) = sum_u max over sets of user u of sum (v_uo - m_o - l c_o)  +  sum_o m_o K_o  +  l B
//
// is at least the value of every feasible assignment, for all m, l >= 0. It is minimized by steps against the sign of
// its subgradient, capacity minus demand and budget minus spending, a step length for each price: half of it after a
// change of sign, half as much again without one (Riedmiller and Braun's resilient propagation, 1993). First steps are
// taken with values that are spread by a known amount for each customer and offer, which is halved again and again (as
// epsilon is in Bertsekas' auctions): D is then smooth where customers are alike. All numbers are integers, so that
// sums are exact.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/campaign/offer_values.hpp"
#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"
#include "kernels/campaign/offer_choice.hpp"

namespace rankwise {

/// The same on every rank.
struct CampaignLimits {
  static constexpr std::int64_t unlimited = -1;
  OfferLimits offers;
  std::vector<Index> capacity;                 ///< of each offer, or unlimited
  std::int64_t budget_millionths = unlimited;  ///< of all costs
};

/// The price of an offer in fine units is own[o] + the budget's price of its cost, rounded up.
struct OfferPrices {
  std::vector<std::int64_t> own;  ///< fine units
  std::int64_t budget = 0;        ///< money a money, in 2^-40

  /// In all, in fine units, at most 2^62.
  [[nodiscard]] std::vector<std::int64_t> total(std::span<const std::int64_t> cost_millionths) const;
};

struct PriceSearch {
  OfferPrices prices;                 ///< of the least bound
  std::int64_t bound_millionths = 0;  ///< no assignment is worth more
  Index steps = 0;                    ///< over all customers
};

/// Steps on samples of the customers, those whose hash is below a share that leaves about so many, then on all of them:
/// many steps on few customers, with values that are spread, find where offers compete; the sample brings prices near,
/// cheaply; and every customer counts in the bound. Not more than `sampled_customers`: their steps are taken on all.
struct PriceSteps {
  Index few_customers = Index{1} << 12;
  Index few = 2400;
  Index sampled_customers = Index{1} << 16;
  Index sampled = 600;
  Index all = 30;
};

/// Of `customers`, places of this rank. The same on any number of ranks and threads. Sums of values must stay below
/// 2^62 millionths. Collective over comm.
[[nodiscard]] PriceSearch find_prices(const Communicator& comm, const OfferValues& values,
                                      std::span<const Index> customers, const CampaignLimits& limits,
                                      const PriceSteps& steps = {});

/// What so many customers who are like `customers` are worth at most under the same limits, for each of `sizes`: bounds
/// of samples, each of whose customers stands for as many as the size needs. Searches start at `from`. Collective over
/// comm.
[[nodiscard]] std::vector<std::int64_t> bounds_of_sizes(const Communicator& comm, const OfferValues& values,
                                                        std::span<const Index> customers, const CampaignLimits& limits,
                                                        const OfferPrices& from, std::span<const Index> sizes);

}  // namespace rankwise
