#include "distributed/segments/group_summary.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "distributed/cleaning/order_statistics.hpp"
#include "distributed/comm/order_free_sum.hpp"

namespace rankwise {

namespace {

/// Values at the ends of what is kept, as often as the ends keep them, and all between.
double trimmed_mean(const Communicator& comm, std::span<const double> values, Index count) {
  const auto cut = static_cast<Index>(static_cast<double>(count) * trimmed_share);
  const std::array places{cut, count - 1 - cut};
  const std::vector<double> ends = numbers_at(comm, values, places);
  if (ends[0] == ends[1]) return ends[0];
  std::vector<double> between_ends;
  std::array<Index, 2> outside{};  // up to the lower end, from the upper end on
  for (const double value : values) {
    if (value <= ends[0]) {
      ++outside[0];
    } else if (value >= ends[1]) {
      ++outside[1];
    } else {
      between_ends.push_back(value);
    }
  }
  comm.all_reduce_sum(std::span<Index>(outside));
  const double sum = order_free_sum(comm, between_ends) + static_cast<double>(outside[0] - cut) * ends[0] +
                     static_cast<double>(outside[1] - cut) * ends[1];
  return sum / static_cast<double>(count - 2 * cut);
}

NumberSummary summarize(const Communicator& comm, std::span<const double> values) {
  constexpr std::array shares{0.25, 0.5, 0.75};
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const Index known = comm.sum(std::ssize(values));
  if (known == 0) return {0, nan, nan, nan, nan};
  const std::vector<double> quartiles = *quantiles(comm, values, shares);
  return {known, quartiles[0], quartiles[1], quartiles[2], trimmed_mean(comm, values, known)};
}

}  // namespace

std::vector<NumberSummary> summarize_by_group(const Communicator& comm, std::span<const double> values,
                                              std::span<const std::int32_t> groups, Index count) {
  std::vector<std::vector<double>> known(static_cast<std::size_t>(count) + 1);
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (std::isnan(values[row]) || groups[row] < 0) continue;
    known[static_cast<std::size_t>(groups[row])].push_back(values[row]);
    known.back().push_back(values[row]);
  }
  std::vector<NumberSummary> summaries;
  for (const std::vector<double>& of_group : known) summaries.push_back(summarize(comm, of_group));
  return summaries;
}

}  // namespace rankwise
