#pragma once
// What offers of a campaign make customers buy more, as it is planted: the truth that a measurement should find.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "distributed/campaign/assignment.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// How many more orders, on average, a customer of the segment makes in the campaign's time because the offer was sent.
struct PlantedResponse {
  std::string segment;  ///< "*": those whose segment has no response of its own, and who are in none
  std::string offer;
  double extra_orders = 0;        ///< mean of a Poisson distribution, from 0 to most_extra_orders
  std::int64_t amount_cents = 0;  ///< of each of these orders
};

inline constexpr double most_extra_orders = 100;

/// An order of one line.
struct ExtraPurchase {
  Index customer = 0;  ///< of this rank, local
  Index item = 0;
  std::int64_t amount_cents = 0;
  std::int64_t timestamp = 0;  ///< seconds since 1970, within the campaign's time
};

struct ExtraPurchases {
  std::vector<ExtraPurchase> purchases;  ///< by customer, then time
  std::vector<Index> sent;               ///< by response: customers of this rank who were sent the offer
  std::vector<Index> orders;             ///< by response: their extra orders
};

/// Of treated customers, for each offer that was sent to them. Draws are keyed by the customer's id, so that they are
/// the same on any number of ranks. Local.
[[nodiscard]] ExtraPurchases extra_purchases(const CampaignAssignment& assignment,
                                             std::span<const PlantedResponse> responses, Index items,
                                             std::uint64_t seed);

}  // namespace rankwise
