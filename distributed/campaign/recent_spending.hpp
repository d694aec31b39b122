#pragma once
// What customers spent in the time before a campaign.

#include <cstdint>
#include <vector>

#include "distributed/log/orders.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Of this rank's users of some orders.
struct RecentSpending {
  std::vector<std::int64_t> money_millionths;  ///< amounts of purchases and returns
  std::vector<Index> orders;                   ///< of an amount of 0 or more
  Index later_orders = 0;                      ///< at or after the end
};

/// Of orders in [begin, end), whose times are known. Each amount is rounded to whole millionths. Throws
/// Error(bad_data) if an amount is above 10^12, or a customer's sum. Local.
[[nodiscard]] RecentSpending recent_spending(const Orders& orders, std::int64_t begin_seconds,
                                             std::int64_t end_seconds);

}  // namespace rankwise
