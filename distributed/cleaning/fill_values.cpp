#include "distributed/cleaning/fill_values.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "distributed/cleaning/order_statistics.hpp"
#include "distributed/comm/order_free_sum.hpp"

namespace rankwise {

std::optional<double> fill_statistic(const Communicator& comm, std::span<const double> values,
                                     FillStatistic statistic) {
  std::vector<double> known;
  std::ranges::copy_if(values, std::back_inserter(known), [](double value) { return !std::isnan(value); });
  if (statistic == FillStatistic::mode) return mode(comm, known);
  if (statistic == FillStatistic::median) {
    const auto found = quantiles(comm, known, std::array{0.5});
    return found ? std::optional(found->front()) : std::nullopt;
  }
  const Index count = comm.sum(std::ssize(known));
  if (count == 0) return std::nullopt;
  return order_free_sum(comm, known) / static_cast<double>(count);
}

Index fill_missing(std::vector<double>& values, double fill) {
  Index filled = 0;
  for (double& value : values) {
    if (!std::isnan(value)) continue;
    value = fill;
    ++filled;
  }
  return filled;
}

}  // namespace rankwise
