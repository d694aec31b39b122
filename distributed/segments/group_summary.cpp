#include "distributed/segments/group_summary.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "distributed/cleaning/order_statistics.hpp"
#include "distributed/comm/order_free_sum.hpp"

namespace rankwise {

namespace {

/// Fills the trimmed mean of `count` values, and who adds to it. Values at the ends of what is kept count as often as
/// the ends keep them, and all between once.
void average(const Communicator& comm, std::span<const double> values, Index count, NumberSummary& summary) {
  const auto cut = static_cast<Index>(static_cast<double>(count) * trimmed_share);
  const std::array places{cut, count - 1 - cut};
  const std::vector<double> ends = numbers_at(comm, values, places);
  const Index kept = count - 2 * cut;
  std::vector<double> between_ends;
  std::vector<double> magnitudes;
  std::array<Index, 3> numbers{};  // up to the lower end, from the upper end on, others that are not 0
  for (const double value : values) {
    if (value <= ends[0]) {
      ++numbers[0];
    } else if (value >= ends[1]) {
      ++numbers[1];
    } else {
      between_ends.push_back(value);
      magnitudes.push_back(std::abs(value));
      numbers[2] += value != 0 ? 1 : 0;
    }
  }
  comm.all_reduce_sum(std::span<Index>(numbers));
  const Index lower = ends[0] == ends[1] ? kept : numbers[0] - cut;
  const Index upper = ends[0] == ends[1] ? 0 : numbers[1] - cut;
  const auto with_ends = [&](double between, double low, double high) {
    return between + static_cast<double>(lower) * low + static_cast<double>(upper) * high;
  };
  const double magnitude = with_ends(order_free_sum(comm, magnitudes), std::abs(ends[0]), std::abs(ends[1]));
  const double largest = std::max(std::abs(ends[0]), std::abs(ends[1]));
  summary.trimmed_mean =
      ends[0] == ends[1] ? ends[0]
                         : with_ends(order_free_sum(comm, between_ends), ends[0], ends[1]) / static_cast<double>(kept);
  summary.contributors = numbers[2] + (ends[0] != 0 ? lower : 0) + (ends[1] != 0 ? upper : 0);
  summary.is_dominated = largest > magnitude - largest;
}

NumberSummary summarize(const Communicator& comm, std::span<const double> values) {
  constexpr std::array shares{0.25, 0.5, 0.75};
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const Index known = comm.sum(std::ssize(values));
  if (known == 0) return {0, nan, nan, nan, nan, 0, false};
  const std::vector<double> quartiles = *quantiles(comm, values, shares);
  NumberSummary summary{known, quartiles[0], quartiles[1], quartiles[2], nan, 0, false};
  average(comm, values, known, summary);
  return summary;
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
