#pragma once
// What a user's orders say of the user as a customer.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "distributed/log/orders.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Days are whole ones since 1970, UTC. An order is a purchase if its amount is 0 or more, else a return.
struct CustomerHistory {
  std::int64_t first_day = 0;  ///< of the first purchase; 0 without times
  std::int64_t last_day = 0;   ///< of the last purchase; 0 without times
  Index purchases = 0;
  Index purchase_days = 0;  ///< days with a purchase; 0 without times
  Index returns = 0;
  Index lines = 0;                              ///< of purchases
  double money = 0;                             ///< amounts of purchases and returns
  double bought = 0;                            ///< of all lines, the values above 0
  double returned = 0;                          ///< of all lines, the values below 0, as a positive number
  double repeat_money = 0;                      ///< amounts of purchases after the first day
  std::array<Index, 4> purchases_by_quarter{};  ///< of the year; 0 without times

  [[nodiscard]] bool is_customer() const { return purchases > 0; }
};

/// The day of a moment.
[[nodiscard]] std::int64_t day_of(std::int64_t seconds);

/// Whether the user's order counts until the end of `last_day`; always without such a day.
[[nodiscard]] bool is_until(const Orders& orders, Index order, std::optional<std::int64_t> last_day);

/// One for each of this rank's users, of orders until the end of `last_day`, which needs times. Sums of money are
/// rounded to twelve significant digits, so that 0.1 + 0.2 and 0.3 are equal. Local.
[[nodiscard]] std::vector<CustomerHistory> customer_histories(const Orders& orders,
                                                              std::optional<std::int64_t> last_day);

}  // namespace rankwise
