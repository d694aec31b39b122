#include "distributed/kmeans/rank_scaling.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <variant>
#include <vector>

namespace rankwise {

namespace {

/// Values that divide all ranks' values into about equal shares, one fewer than there are ranks. Which ones does not
/// matter to the result. Collective.
std::vector<float> splitters_of(const Communicator& comm, std::span<const float> ascending) {
  constexpr std::size_t samples_of_rank = 64;
  std::vector<float> samples;
  for (std::size_t s = 0; s < samples_of_rank && !ascending.empty(); ++s)
    samples.push_back(ascending[s * ascending.size() / samples_of_rank]);
  std::vector<float> all = comm.all_gather_varied(std::span<const float>(samples)).values;
  std::ranges::sort(all);
  std::vector<float> splitters;
  const auto ranks = static_cast<std::size_t>(comm.size());
  for (std::size_t rank = 1; rank < ranks && !all.empty(); ++rank) splitters.push_back(all[rank * all.size() / ranks]);
  return splitters;
}

/// Of each of these values, which all ranks hold a part of and no other rank has equals of, its share. `before` values
/// of other ranks are less, of `count` in all.
std::vector<double> shares_of(const std::vector<float>& values, Index before, Index count) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> shares(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    const Index twice = 2 * before + static_cast<Index>(first + end);
    const double share = static_cast<double>(twice) / (2 * static_cast<double>(count));
    for (; first < end; ++first) shares[order[first]] = share;
  }
  return shares;
}

/// Shares of this rank's values, in their order. Collective.
std::vector<double> ranked(const Communicator& comm, const std::vector<float>& values, Index count) {
  // 1. Equal values travel to one rank, smaller ones to lower ranks.
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<float> ascending;
  ascending.reserve(values.size());
  for (const std::size_t place : order) ascending.push_back(values[place]);
  const std::vector<float> splitters = splitters_of(comm, ascending);
  std::vector<Index> counts(static_cast<std::size_t>(comm.size()), 0);
  for (const float value : ascending)
    ++counts[static_cast<std::size_t>(std::ranges::upper_bound(splitters, value) - splitters.begin())];
  const Exchanged<float> received = comm.exchange(std::span<const float>(ascending), counts);

  // 2. Shares travel back.
  const Index before = comm.exclusive_sum(std::ssize(received.values));
  const std::vector<double> shares = shares_of(received.values, before, count);
  const std::vector<double> back = comm.exchange(std::span<const double>(shares), received.counts).values;
  std::vector<double> result(values.size());
  for (std::size_t place = 0; place < order.size(); ++place) result[order[place]] = back[place];
  return result;
}

}  // namespace

DimensionScaling replace_by_ranks(const Communicator& comm, Points& points) {
  auto& rows = std::get<Matrix>(points.rows);
  std::vector<float> column(static_cast<std::size_t>(points.mine.size()));
  for (Index j = 0; j < points.dimensions; ++j) {
    for (std::size_t r = 0; r < column.size(); ++r) column[r] = rows.row(static_cast<Index>(r))[j];
    const std::vector<double> shares = ranked(comm, column, points.count);
    for (std::size_t r = 0; r < column.size(); ++r) rows.row(static_cast<Index>(r))[j] = static_cast<float>(shares[r]);
  }
  const auto dimensions = static_cast<std::size_t>(points.dimensions);
  return {std::vector<double>(dimensions, 0), std::vector<double>(dimensions, 1), DimensionTransform::rank};
}

}  // namespace rankwise
