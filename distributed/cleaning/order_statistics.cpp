#include "distributed/cleaning/order_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "distributed/comm/key_exchange.hpp"
#include "distributed/log/time_cuts.hpp"
#include "kernels/base/ordered_key.hpp"

namespace rankwise {

namespace {

struct Occurrences {
  std::int64_t key = 0;
  Index count = 0;
};

/// Runs of equal keys. `keys` ascend.
std::vector<Occurrences> count_runs(std::span<const Occurrences> keys) {
  std::vector<Occurrences> runs;
  for (const Occurrences& one : keys) {
    if (runs.empty() || runs.back().key != one.key) runs.push_back({one.key, 0});
    runs.back().count += one.count;
  }
  return runs;
}

bool is_more_frequent(const Occurrences& a, const Occurrences& b) {
  return a.count != b.count ? a.count > b.count : a.key < b.key;
}

}  // namespace

QuantilePlace quantile_place(Index count, double q) {
  const double place = static_cast<double>(count - 1) * q;
  const double below = std::floor(place);
  const auto index = std::min(static_cast<Index>(below), count - 1);
  return {index, std::min(index + 1, count - 1), place - below};
}

// As numpy's, bit for bit: from the nearer end.
double between(double below, double above, double weight) {
  const double difference = above - below;
  return weight >= 0.5 ? above - difference * (1 - weight) : below + difference * weight;
}

double sorted_quantile(std::span<const double> ascending, double q) {
  const QuantilePlace place = quantile_place(std::ssize(ascending), q);
  return between(ascending[static_cast<std::size_t>(place.below)], ascending[static_cast<std::size_t>(place.above)],
                 place.weight);
}

std::vector<double> numbers_at(const Communicator& comm, std::span<const double> values,
                               std::span<const Index> places) {
  std::vector<Index> counts;
  for (const Index place : places) counts.push_back(place + 1);
  std::vector<std::int64_t> keys(values.size());
  std::ranges::transform(values, keys.begin(), ordered_key);
  std::vector<double> numbers;
  for (const std::int64_t key : times_reaching(comm, std::move(keys), counts)) numbers.push_back(value_of_key(key));
  return numbers;
}

std::optional<std::vector<double>> quantiles(const Communicator& comm, std::span<const double> values,
                                             std::span<const double> shares) {
  const Index count = comm.sum(std::ssize(values));
  if (count == 0) return std::nullopt;
  std::vector<Index> places;
  for (const double share : shares) {
    const QuantilePlace place = quantile_place(count, share);
    places.insert(places.end(), {place.below, place.above});
  }
  const std::vector<double> found = numbers_at(comm, values, places);
  std::vector<double> result;
  for (std::size_t s = 0; s < shares.size(); ++s) {
    result.push_back(between(found[2 * s], found[2 * s + 1], quantile_place(count, shares[s]).weight));
  }
  return result;
}

std::optional<double> mode(const Communicator& comm, std::span<const double> values) {
  std::vector<Occurrences> keys;
  for (const double value : values) keys.push_back({ordered_key(value), 1});
  std::ranges::sort(keys, {}, &Occurrences::key);
  const std::vector<Occurrences> mine = count_runs(keys);
  std::vector<Index> counts;
  const std::vector<Occurrences> sent = sorted_by_owner(
      std::span<const Occurrences>(mine), comm.size(),
      [&](const Occurrences& run) {  // spreads neighbours
        constexpr std::uint64_t golden = 0x9E3779B97F4A7C15ULL;
        return static_cast<int>((static_cast<std::uint64_t>(run.key) * golden >> 32) %
                                static_cast<std::uint64_t>(comm.size()));
      },
      counts);
  std::vector<Occurrences> received = comm.exchange(std::span<const Occurrences>(sent), counts).values;
  std::ranges::sort(received, {}, &Occurrences::key);
  const std::vector<Occurrences> runs = count_runs(received);
  const auto best = std::ranges::min_element(runs, is_more_frequent);
  const std::vector<Occurrences> all = comm.all_gather(best == runs.end() ? Occurrences{} : *best);
  const Occurrences winner = *std::ranges::min_element(all, is_more_frequent);
  return winner.count == 0 ? std::nullopt : std::optional(value_of_key(winner.key));
}

}  // namespace rankwise
