#include "distributed/profiles/priced_lines.hpp"

#include <cmath>
#include <cstddef>

namespace rankwise {

Index price_lines(Orders& orders, std::span<const double> prices) {
  Index without_price = 0;
  CsrRows<double>& lines = orders.lines;
  for (std::size_t line = 0; line < lines.values.size(); ++line) {
    const double price = prices[static_cast<std::size_t>(lines.columns[line])];
    without_price += std::isnan(price) ? 1 : 0;
    lines.values[line] *= std::isnan(price) ? 0 : price;
  }
  for (std::size_t order = 0; order < orders.amounts.size(); ++order) {
    double amount = 0;
    for (Index line = lines.offsets[order]; line < lines.offsets[order + 1]; ++line)
      amount += lines.values[static_cast<std::size_t>(line)];
    orders.amounts[order] = amount;
  }
  return without_price;
}

}  // namespace rankwise
