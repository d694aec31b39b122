#include "distributed/profiles/priced_lines.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace rankwise {

PricedLines price_lines(Orders& orders, std::span<const double> prices) {
  PricedLines priced;
  CsrRows<double>& lines = orders.lines;
  for (std::size_t line = 0; line < lines.values.size(); ++line) {
    const double price = prices[static_cast<std::size_t>(lines.columns[line])];
    priced.without_price += std::isnan(price) ? 1 : 0;
    lines.values[line] *= std::isnan(price) ? 0 : price;
  }
  for (std::size_t order = 0; order < orders.amounts.size(); ++order) {
    double amount = 0;
    for (Index line = lines.offsets[order]; line < lines.offsets[order + 1]; ++line) {
      const bool was_finite = std::isfinite(amount);
      amount += lines.values[static_cast<std::size_t>(line)];
      if (std::isfinite(amount) || !was_finite) continue;
      const auto item = static_cast<Index>(lines.columns[static_cast<std::size_t>(line)]);
      priced.beyond_numbers = std::min(priced.beyond_numbers.value_or(item), item);
    }
    orders.amounts[order] = amount;
  }
  return priced;
}

}  // namespace rankwise
