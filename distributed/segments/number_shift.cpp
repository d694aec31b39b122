#include "distributed/segments/number_shift.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <vector>

#include "distributed/cleaning/order_statistics.hpp"
#include "distributed/comm/key_exchange.hpp"

namespace rankwise {

namespace {

std::vector<double> known(std::span<const double> values) {
  std::vector<double> result;
  std::ranges::copy_if(values, std::back_inserter(result), [](double value) { return !std::isnan(value); });
  return result;
}

/// The values that belong between this rank's bounds, ascending.
std::vector<double> sorted_share(const Communicator& comm, std::span<const double> values,
                                 const std::vector<double>& bounds) {
  std::vector<Index> counts;
  const std::vector<double> sent = sorted_by_owner(
      values, comm.size(),
      [&](double value) { return static_cast<int>(std::ranges::lower_bound(bounds, value) - bounds.begin()); }, counts);
  std::vector<double> mine = comm.exchange(std::span<const double>(sent), counts).values;
  std::ranges::sort(mine);
  return mine;
}

/// Bounds between the ranks' shares of values; of equal numbers all lie in one.
std::vector<double> bounds_between_ranks(const Communicator& comm, std::span<const double> values) {
  std::vector<double> shares;
  for (int rank = 1; rank < comm.size(); ++rank) shares.push_back(static_cast<double>(rank) / comm.size());
  return shares.empty() ? std::vector<double>() : *quantiles(comm, values, shares);
}

/// Values in each bin, the bins ending at the bounds.
std::vector<std::int64_t> count_bins(const Communicator& comm, std::span<const double> values,
                                     const std::vector<double>& bounds) {
  std::vector<std::int64_t> counts(bounds.size() + 1, 0);
  for (const double value : values)
    ++counts[static_cast<std::size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin())];
  comm.all_reduce_sum(std::span<std::int64_t>(counts));
  return counts;
}

}  // namespace

double distribution_distance(const Communicator& comm, std::span<const double> before, std::span<const double> after) {
  const auto all_before = static_cast<double>(comm.sum(std::ssize(before)));
  const auto all_after = static_cast<double>(comm.sum(std::ssize(after)));
  if (all_before == 0 || all_after == 0) return 0;
  const std::vector<double> bounds = bounds_between_ranks(comm, before);
  const std::vector<double> one = sorted_share(comm, before, bounds);
  const std::vector<double> other = sorted_share(comm, after, bounds);
  const Index first_one = comm.exclusive_sum(std::ssize(one));
  const Index first_other = comm.exclusive_sum(std::ssize(other));
  double largest = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < one.size() || j < other.size()) {
    const double value = j == other.size() || (i < one.size() && one[i] <= other[j]) ? one[i] : other[j];
    while (i < one.size() && one[i] == value) ++i;
    while (j < other.size() && other[j] == value) ++j;
    largest = std::max(largest, std::abs(static_cast<double>(first_one + static_cast<Index>(i)) / all_before -
                                         static_cast<double>(first_other + static_cast<Index>(j)) / all_after));
  }
  return comm.max(largest);
}

NumberShift number_shift(const Communicator& comm, std::span<const double> before, std::span<const double> after) {
  const std::vector<double> one = known(before);
  const std::vector<double> other = known(after);
  NumberShift shift;
  shift.before = comm.sum(std::ssize(one));
  shift.after = comm.sum(std::ssize(other));
  shift.kolmogorov_smirnov =
      kolmogorov_smirnov_test(distribution_distance(comm, one, other), shift.before, shift.after);
  shift.stability_index = shift.median_before = shift.median_after = std::numeric_limits<double>::quiet_NaN();
  if (shift.before == 0 || shift.after == 0) return shift;
  constexpr std::array tenths{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
  std::vector<double> bounds = *quantiles(comm, one, tenths);
  shift.median_before = bounds[4];
  shift.median_after = (*quantiles(comm, other, std::array{0.5}))[0];
  bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
  shift.bins_before = count_bins(comm, one, bounds);
  shift.bins_after = count_bins(comm, other, bounds);
  shift.stability_index = population_stability_index(shift.bins_before, shift.bins_after);
  return shift;
}

}  // namespace rankwise
