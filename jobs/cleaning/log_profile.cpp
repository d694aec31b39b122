#include "jobs/cleaning/log_profile.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <limits>
#include <span>

#include "distributed/cleaning/order_statistics.hpp"
#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {

constexpr std::size_t few_values = 20;
constexpr std::size_t value_bins = 30;
constexpr Index time_bins = 40;

/// All distinct values of all ranks if there are few; else nothing. Collective.
std::optional<std::vector<double>> few_distinct(const Communicator& comm, std::span<const double> ascending) {
  std::vector<double> mine;
  for (const double value : ascending) {
    if (!mine.empty() && mine.back() == value) continue;
    if (mine.size() > few_values) break;
    mine.push_back(value);
  }
  std::vector<double> all = comm.all_gather_varied(std::span<const double>(mine)).values;
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all.size() <= few_values ? std::optional(std::move(all)) : std::nullopt;
}

void count_values(const Communicator& comm, const UserEvents& events, LogProfile& profile) {
  std::vector<double> values;
  values.reserve(events.events.size());
  for (const Event& event : events.events) values.push_back(event.value + 0.0);
  std::ranges::sort(values);
  if (profile.rows == 0) return;
  const auto rows_below = [&](double bound) {
    return static_cast<Index>(std::ranges::lower_bound(values, bound) - values.begin());
  };
  if (const auto distinct = few_distinct(comm, values)) {
    for (const double value : *distinct) {
      const auto [first, last] = std::equal_range(values.begin(), values.end(), value);
      profile.values.push_back({value, value, static_cast<Index>(last - first)});
    }
  } else {
    const std::vector<double> range = *quantiles(comm, values, std::array{0.01, 0.99});
    const double width = (range[1] - range[0]) / static_cast<double>(value_bins);
    std::vector<Index> below;  // rows below each edge; up to the last edge
    for (std::size_t edge = 0; edge < value_bins; ++edge) {
      below.push_back(rows_below(range[0] + static_cast<double>(edge) * width));
    }
    below.push_back(static_cast<Index>(std::ranges::upper_bound(values, range[1]) - values.begin()));
    for (std::size_t bin = 0; bin < value_bins; ++bin) {
      const double least = range[0] + static_cast<double>(bin) * width;
      const double most = bin + 1 == value_bins ? range[1] : range[0] + static_cast<double>(bin + 1) * width;
      profile.values.push_back({least, most, below[bin + 1] - below[bin]});
    }
    profile.values_below = comm.sum(below.front());
    profile.values_above = comm.sum(std::ssize(values) - below.back());
  }
  for (ValueBin& bin : profile.values) bin.rows = comm.sum(bin.rows);
}

void count_users(const Communicator& comm, const UserEvents& events, LogProfile& profile) {
  constexpr std::size_t most_bins = 63;
  std::vector<Index> bins(most_bins, 0);
  for (Index u = 0; u < events.users.size(); ++u) {
    std::uint64_t pairs = 0;
    for_each_pair(events.of(u), [&](std::span<const Event>) { ++pairs; });
    if (pairs > 0) ++bins[static_cast<std::size_t>(std::bit_width(pairs)) - 1];
  }
  comm.all_reduce_sum(std::span<Index>(bins));
  while (!bins.empty() && bins.back() == 0) bins.pop_back();
  for (const Index count : bins) profile.users += count;
  profile.users_by_items = std::move(bins);
}

void count_items(const Communicator& comm, const UserEvents& events, LogProfile& profile) {
  std::vector<Index> users(static_cast<std::size_t>(events.items), 0);
  for (Index u = 0; u < events.users.size(); ++u) {
    for_each_pair(events.of(u),
                  [&](std::span<const Event> pair) { ++users[static_cast<std::size_t>(pair.front().item)]; });
  }
  comm.all_reduce_sum(std::span<Index>(users));
  std::ranges::sort(users, std::greater());
  while (!users.empty() && users.back() == 0) users.pop_back();
  profile.items = std::ssize(users);
  Index step = 1;
  for (Index rank = 1; rank <= profile.items; rank += step) {
    profile.popularity.push_back({rank, users[static_cast<std::size_t>(rank - 1)]});
    if (rank >= 4 * step) step *= 2;
  }
  if (profile.items > 0 && profile.popularity.back().rank != profile.items) {
    profile.popularity.push_back({profile.items, users.back()});
  }
}

void count_times(const Communicator& comm, const UserEvents& events, LogProfile& profile) {
  if (!events.timed || profile.rows == 0) return;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (const Event& event : events.events) {
    first = std::min(first, seconds_of(event.time_microseconds));
    last = std::max(last, seconds_of(event.time_microseconds));
  }
  first = comm.min(first);
  last = comm.max(last);
  const std::int64_t width = (last - first) / time_bins + 1;
  std::vector<Index> rows(static_cast<std::size_t>((last - first) / width) + 1, 0);
  for (const Event& event : events.events) {
    ++rows[static_cast<std::size_t>((seconds_of(event.time_microseconds) - first) / width)];
  }
  comm.all_reduce_sum(std::span<Index>(rows));
  for (std::size_t bin = 0; bin < rows.size(); ++bin) {
    profile.times.push_back({first + static_cast<std::int64_t>(bin) * width, rows[bin]});
  }
}

}  // namespace

LogProfile profile_of(const Communicator& comm, const UserEvents& events) {
  LogProfile profile;
  profile.rows = comm.sum(std::ssize(events.events));
  count_values(comm, events, profile);
  count_users(comm, events, profile);
  count_items(comm, events, profile);
  count_times(comm, events, profile);
  return profile;
}

}  // namespace rankwise
