#include "distributed/profiles/midrank_classes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/base/ordered_key.hpp"

namespace rankwise {

namespace {

constexpr std::size_t cuts = midrank_classes - 1;
using Cuts = std::array<std::int64_t, cuts>;

/// Twice the midrank of each key among all ranks' values: those that are less, twice, and the equal ones. `ascending`
/// are this rank's. Collective.
Cuts double_midranks(const Communicator& comm, const std::vector<std::int64_t>& ascending, const Cuts& keys) {
  Cuts ranks{};
  for (std::size_t c = 0; c < cuts; ++c) {
    const auto below = std::ranges::lower_bound(ascending, keys[c]);
    const auto above = std::upper_bound(below, ascending.end(), keys[c]);
    ranks[c] = (below - ascending.begin()) + (above - ascending.begin());
  }
  comm.all_reduce_sum(std::span<std::int64_t>(ranks));
  return ranks;
}

/// The least key of each class but the first: the least with 10 less + 5 equal >= 2 count (class - 1). Collective.
Cuts least_keys(const Communicator& comm, const std::vector<std::int64_t>& ascending, Index count) {
  Cuts low;  // every key below is in a lower class
  low.fill(std::numeric_limits<std::int64_t>::min());
  Cuts high;  // in the class, or above all keys
  high.fill(std::numeric_limits<std::int64_t>::max());
  const auto is_open = [&](std::size_t c) { return low[c] < high[c]; };
  while (is_open(0) || is_open(1) || is_open(2) || is_open(3)) {
    Cuts middle;
    for (std::size_t c = 0; c < cuts; ++c) {  // without overflow, rounded down
      middle[c] = (low[c] & high[c]) + ((low[c] ^ high[c]) >> 1);
    }
    const Cuts ranks = double_midranks(comm, ascending, middle);
    for (std::size_t c = 0; c < cuts; ++c) {
      if (!is_open(c)) continue;
      const bool reaches = 5 * ranks[c] >= 2 * count * static_cast<Index>(c + 1);
      if (reaches) {
        high[c] = middle[c];
      } else {
        low[c] = middle[c] + 1;
      }
    }
  }
  return high;
}

/// Counts and bounds over all ranks. Collective.
void find_bounds(const Communicator& comm, std::span<const double> values, MidrankClasses& found) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::array<Index, midrank_classes> counts{};
  std::array<double, 2 * midrank_classes> bounds;  // the lowest as its negative
  bounds.fill(-infinity);
  for (std::size_t v = 0; v < values.size(); ++v) {
    if (found.of_values[v] == 0) continue;
    const auto place = static_cast<std::size_t>(found.of_values[v] - 1);
    ++counts[place];
    bounds[2 * place] = std::max(bounds[2 * place], -values[v]);
    bounds[2 * place + 1] = std::max(bounds[2 * place + 1], values[v]);
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  comm.all_reduce_max(std::span<double>(bounds));
  constexpr double no_bound = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t place = 0; place < counts.size(); ++place) {
    const bool is_empty = counts[place] == 0;
    found.classes[place] = {counts[place], is_empty ? no_bound : 0.0 - bounds[2 * place],
                            is_empty ? no_bound : 0.0 + bounds[2 * place + 1]};
  }
}

}  // namespace

MidrankClasses midrank_classes_of(const Communicator& comm, std::span<const double> values) {
  std::vector<std::int64_t> ascending;
  ascending.reserve(values.size());
  for (const double value : values) {
    if (!std::isnan(value)) ascending.push_back(ordered_key(value));
  }
  std::ranges::sort(ascending);
  MidrankClasses found;
  found.count = comm.sum(std::ssize(ascending));
  const Cuts least = least_keys(comm, ascending, found.count);
  found.of_values.reserve(values.size());
  for (const double value : values) {
    const auto reached = [&](std::int64_t cut) { return ordered_key(value) >= cut; };
    const auto above = static_cast<std::int32_t>(std::ranges::count_if(least, reached));
    found.of_values.push_back(std::isnan(value) ? 0 : above + 1);
  }
  find_bounds(comm, values, found);
  return found;
}

}  // namespace rankwise
