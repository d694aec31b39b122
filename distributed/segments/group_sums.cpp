#include "distributed/segments/group_sums.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace rankwise {

std::vector<Index> count_by_group(const Communicator& comm, std::span<const std::int32_t> groups, Index count) {
  std::vector<Index> counts(static_cast<std::size_t>(count), 0);
  for (const std::int32_t group : groups) {
    if (group >= 0) ++counts[static_cast<std::size_t>(group)];
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  return counts;
}

FixedPointScale scale_of(const Communicator& comm, std::span<const double> values) {
  double largest = 0;
  for (const double value : values) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  return FixedPointScale::for_terms(comm.max(largest), std::max(Index{1}, comm.sum(std::ssize(values))));
}

GroupSums sum_by_group(const Communicator& comm, const FixedPointScale& scale, std::span<const double> values,
                       std::span<const std::int32_t> groups, Index count) {
  const auto size = static_cast<std::size_t>(count);
  GroupSums result{scale, std::vector<std::int64_t>(size, 0), std::vector<std::int64_t>(size, 0),
                   std::vector<std::int64_t>(size, 0), std::vector<Index>(size, 0)};
  for (std::size_t row = 0; row < groups.size(); ++row) {
    if (groups[row] < 0 || std::isnan(values[row])) continue;
    const auto group = static_cast<std::size_t>(groups[row]);
    const std::int64_t term = scale.to_fixed(values[row]);
    result.sums[group] += term;
    result.magnitudes[group] += std::abs(term);
    result.largest[group] = std::max(result.largest[group], std::abs(term));
    result.contributors[group] += term != 0 ? 1 : 0;
  }
  comm.all_reduce_sum(std::span<std::int64_t>(result.sums));
  comm.all_reduce_sum(std::span<std::int64_t>(result.magnitudes));
  comm.all_reduce_max(std::span<std::int64_t>(result.largest));
  comm.all_reduce_sum(std::span<Index>(result.contributors));
  return result;
}

}  // namespace rankwise
