#pragma once
// Lines of orders in money, if their values are pieces.

#include <span>

#include "distributed/log/orders.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Multiplies each line's value by the price of its item, and adds the amounts anew. `prices` has one number for each
/// item; the lines of items without one (NaN) are worth 0. Returns how many lines these are. Local.
Index price_lines(Orders& orders, std::span<const double> prices);

}  // namespace rankwise
