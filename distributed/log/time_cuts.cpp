#include "distributed/log/time_cuts.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

namespace rankwise {

std::vector<std::int64_t> times_reaching(const Communicator& comm, std::vector<std::int64_t> times,
                                         std::span<const Index> counts) {
  std::sort(times.begin(), times.end());
  constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t latest = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> low(counts.size(), comm.min(times.empty() ? latest : times.front()));
  std::vector<std::int64_t> high(counts.size(), comm.max(times.empty() ? earliest : times.back()));
  std::vector<std::int64_t> middle(counts.size());
  std::vector<Index> reached(counts.size());
  while (!std::ranges::equal(low, high, std::ranges::greater_equal())) {
    for (std::size_t c = 0; c < counts.size(); ++c) {
      middle[c] = std::midpoint(low[c], high[c]);
      reached[c] = std::upper_bound(times.begin(), times.end(), middle[c]) - times.begin();
    }
    comm.all_reduce_sum(std::span<Index>(reached));
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (low[c] >= high[c]) continue;
      if (reached[c] >= counts[c]) {
        high[c] = middle[c];
      } else {
        low[c] = middle[c] + 1;
      }
    }
  }
  return low;
}

}  // namespace rankwise
