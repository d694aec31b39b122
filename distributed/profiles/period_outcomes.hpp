#pragma once
// What customers bought in a period: whether, and for how much.

#include <cstdint>
#include <optional>
#include <vector>

#include "distributed/log/orders.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Days since 1970, UTC; nothing: no bound. Bounds need orders with times.
struct OutcomePeriod {
  std::optional<std::int64_t> first_day;
  std::optional<std::int64_t> last_day;
};

/// One for each user of the orders.
struct PeriodOutcomes {
  std::vector<std::uint8_t> bought;  ///< 1: there is a purchase, an order whose values add up to 0 or more
  std::vector<double> money;         ///< values of orders, returns subtracted
  Index orders = 0;                  ///< of all items, in the period
};

/// Of all items. Local.
[[nodiscard]] PeriodOutcomes outcomes_in_period(const Orders& orders, const OutcomePeriod& period);

/// Of the items that `counts` has, one a column: bought is who has a line of one with a value above 0, money the values
/// of these items' lines. Local.
[[nodiscard]] PeriodOutcomes outcomes_in_period(const Orders& orders, const OutcomePeriod& period,
                                                const std::vector<bool>& counts);

}  // namespace rankwise
