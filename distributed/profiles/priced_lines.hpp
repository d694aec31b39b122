#pragma once
// Lines of orders in money, if their values are pieces.

#include <optional>
#include <span>

#include "distributed/log/orders.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct PricedLines {
  Index without_price = 0;
  std::optional<Index> beyond_numbers;  ///< the lowest item of which a line, or the order with it, is worth too much
};

/// Multiplies each line's value by the price of its item, and adds the amounts anew. `prices` has one number for each
/// item; the lines of items without one (NaN) are worth 0. Local.
[[nodiscard]] PricedLines price_lines(Orders& orders, std::span<const double> prices);

}  // namespace rankwise
