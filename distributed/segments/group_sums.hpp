#pragma once
// Customers and sums of theirs by group.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/fixed_point_sum.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows of all ranks in each of `count` groups; this rank's are in `groups`, those below 0 in none. Collective over
/// comm.
[[nodiscard]] std::vector<Index> count_by_group(const Communicator& comm, std::span<const std::int32_t> groups,
                                                Index count);

/// Sums on a grid, so that they are exact and the same on any number of ranks.
struct GroupSums {
  FixedPointScale scale = FixedPointScale::for_terms(1, 1);
  std::vector<std::int64_t> sums;        ///< in the scale's quantum
  std::vector<std::int64_t> magnitudes;  ///< likewise, of absolute values
  std::vector<std::int64_t> largest;     ///< likewise, the largest absolute value
  std::vector<Index> contributors;       ///< rows whose value is not 0

  [[nodiscard]] double sum(std::size_t group) const { return scale.from_fixed(sums[group]); }
  /// Whether one row holds more than half of what the group's absolute values add up to.
  [[nodiscard]] bool is_dominated(std::size_t group) const {
    return largest[group] > magnitudes[group] - largest[group];
  }
};

/// The scale for the finite values of all ranks. Collective over comm.
[[nodiscard]] FixedPointScale scale_of(const Communicator& comm, std::span<const double> values);

/// Sums of the rows' values in each group; NaN counts as 0. Collective over comm.
[[nodiscard]] GroupSums sum_by_group(const Communicator& comm, const FixedPointScale& scale,
                                     std::span<const double> values, std::span<const std::int32_t> groups, Index count);

}  // namespace rankwise
