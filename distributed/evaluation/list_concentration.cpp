#include "distributed/evaluation/list_concentration.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "distributed/threads/team_size.hpp"
#include "kernels/statistics/paired_test.hpp"
#include "kernels/statistics/resampling.hpp"

namespace rankwise {

namespace {

/// `counts`: how often each item is listed; sorts them.
double value_of(const EvaluationMetric& metric, std::vector<std::int64_t>& counts) {
  // RecBole's catalogue has one item more, which fills short lists and is never counted.
  const auto items = std::ssize(counts) + (metric.definitions == Definitions::recbole ? 1 : 0);
  if (metric.kind == MetricKind::coverage) {
    const auto listed = std::ssize(counts) - std::ranges::count(counts, 0);
    return static_cast<double>(listed) / static_cast<double>(items);
  }
  std::ranges::sort(counts);
  const Index absent = items - std::ssize(counts);
  double weighted = 0;
  double sum = 0;
  for (Index i = 0; i < std::ssize(counts); ++i) {
    const auto count = static_cast<double>(counts[at(i)]);
    weighted += static_cast<double>(2 * (i + 1 + absent) - items - 1) * count;
    sum += count;
  }
  return sum > 0 ? weighted / (static_cast<double>(items) * sum) : 0;
}

/// The first `cutoff` items of a list.
std::span<const Index> head(const KeptLists& lists, Index user, Index cutoff) {
  const std::span<const Index> list = lists.list(user).first(at(std::min(cutoff, lists.places)));
  return list.first(static_cast<std::size_t>(std::ranges::find(list, -1) - list.begin()));
}

/// Adds to `counts`, so many replicates of each item from the block's `begin` on, how often their users list it. Each
/// thread has replicates of its own, whole lines of cache.
void count_replicates(const EvaluationMetric& metric, const KeptLists& lists, std::span<const std::uint64_t> user_keys,
                      std::uint64_t seed, std::size_t block, std::size_t begin, std::span<std::int64_t> counts,
                      std::size_t replicates) {
  constexpr std::size_t users_at_once = 1 << 12;  // whose weights take 256 KiB
  constexpr std::size_t replicates_per_line = 8;
  const std::size_t lines = (replicates + replicates_per_line - 1) / replicates_per_line;
  std::vector<std::array<std::uint8_t, replicates_per_block>> weights(std::min(users_at_once, user_keys.size()));
  const int threads =
      team_size(static_cast<double>(user_keys.size() * replicates) * static_cast<double>(lists.places + 1));
  const std::size_t parts = std::min(static_cast<std::size_t>(threads), lines);
#pragma omp parallel num_threads(threads)
  for (std::size_t first = 0; first < user_keys.size(); first += users_at_once) {
    const std::size_t users = std::min(users_at_once, user_keys.size() - first);
#pragma omp for schedule(static)
    for (std::size_t u = 0; u < users; ++u) weights[u] = bootstrap_weights(seed, user_keys[first + u], block);
#pragma omp for schedule(static)
    for (std::size_t part = 0; part < parts; ++part) {
      const std::size_t low = part * lines / parts * replicates_per_line;
      const std::size_t high = std::min((part + 1) * lines / parts * replicates_per_line, replicates);
      for (std::size_t u = 0; u < users; ++u) {
        for (const Index item : head(lists, static_cast<Index>(first + u), metric.cutoff)) {
          std::int64_t* of_item = counts.data() + at(item) * replicates;
          for (std::size_t r = low; r < high; ++r) of_item[r] += weights[u][begin + r];
        }
      }
    }
  }
}

/// Values of replicates [64 block + begin, 64 block + end). Collective over comm.
std::vector<double> replicate_values(const Communicator& comm, const EvaluationMetric& metric, const KeptLists& lists,
                                     Index items, std::span<const std::uint64_t> user_keys, std::uint64_t seed,
                                     std::size_t block, std::size_t begin, std::size_t end) {
  const std::size_t replicates = end - begin;
  std::vector<std::int64_t> counts(at(items) * replicates);
  count_replicates(metric, lists, user_keys, seed, block, begin, counts, replicates);
  comm.all_reduce_sum(std::span<std::int64_t>(counts));
  std::vector<double> values(replicates);
  const int threads = team_size(static_cast<double>(counts.size()) * 16);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::size_t r = 0; r < replicates; ++r) {
    std::vector<std::int64_t> of_replicate(at(items));
    for (std::size_t item = 0; item < of_replicate.size(); ++item) of_replicate[item] = counts[item * replicates + r];
    values[r] = value_of(metric, of_replicate);
  }
  return values;
}

}  // namespace

Concentration concentration(const Communicator& comm, const EvaluationMetric& metric, const KeptLists& lists,
                            Index items, std::span<const std::uint64_t> user_keys, std::uint64_t seed) {
  Concentration found;
  found.users = comm.sum(static_cast<Index>(user_keys.size()));
  std::vector<std::int64_t> counts(at(items));
  for (std::size_t user = 0; user < user_keys.size(); ++user) {
    for (const Index item : head(lists, static_cast<Index>(user), metric.cutoff)) ++counts[at(item)];
  }
  comm.all_reduce_sum(std::span<std::int64_t>(counts));
  found.value = value_of(metric, counts);

  constexpr Index most_bytes = Index{64} << 20;
  const auto at_once = static_cast<std::size_t>(
      std::clamp<Index>(most_bytes / (8 * std::max<Index>(items, 1)), 1, replicates_per_block));
  for (std::size_t block = 0; block < bootstrap_replicates / replicates_per_block; ++block) {
    for (std::size_t begin = 0; begin < replicates_per_block; begin += at_once) {
      const std::size_t end = std::min(begin + at_once, replicates_per_block);
      const std::vector<double> values =
          replicate_values(comm, metric, lists, items, user_keys, seed, block, begin, end);
      found.replicates.insert(found.replicates.end(), values.begin(), values.end());
    }
  }
  return found;
}

double bootstrap_error(std::span<const double> replicates) {
  return deviation_of(replicates, mean_of(replicates));
}

Interval bootstrap_interval(double value, std::span<const double> replicates) {
  const Interval of_replicates = percentile_interval(replicates, interval_level);
  const double shift = value - mean_of(replicates);
  return {of_replicates.low + shift, of_replicates.high + shift};
}

PairedDifference paired_difference(const Concentration& one, const Concentration& other) {
  std::vector<double> differences;
  for (std::size_t r = 0; r < one.replicates.size(); ++r)
    differences.push_back(one.replicates[r] - other.replicates[r]);
  PairedDifference found;
  found.users = one.users;
  found.mean = one.value - other.value;
  found.standard_error = bootstrap_error(differences);
  found.interval = bootstrap_interval(found.mean, differences);
  found.p = paired_test_of_mean(found.mean, found.standard_error, static_cast<std::size_t>(one.users)).p;
  found.p_permutation = std::numeric_limits<double>::quiet_NaN();
  return found;
}

}  // namespace rankwise
