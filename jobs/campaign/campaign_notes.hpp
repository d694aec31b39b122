#pragma once
// What --help says of both jobs.

#include <string_view>

namespace rankwise {

inline constexpr std::string_view campaign_notes =
    R"([campaign] has name, start, horizon, hold-out (needed), goal = revenue|margin|orders|buyers, segments, where, offers-per-customer,
offers-per-category, budget, global-hold-out, strata = segment,value, contacts-within and contacts-limit. [offer NAME] has margin and
probability (needed; a column, or a number from 0 to 1), cost, capacity, category, channel. docs/CAMPAIGNS.md explains each.
Groups: u = first 8 bytes of HMAC-SHA256(key, campaign, NUL, user id) / 2^64. The global hold-out has u < share, without the campaign's
name in the hash; then the first floor(share n) of each stratum in the order of u are controls.
Value of an offer: probability x margin - cost, or measured uplift - cost. Offers: maximize the sum of values over treated customers, under
capacities, the budget, and so many offers a customer and category. Prices of offers and budget (Lagrangian dual) give a bound that no
assignment exceeds; what customers choose at these prices is intended; what is sent fits all limits.)";

}  // namespace rankwise
