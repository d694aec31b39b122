#pragma once
// How a number is distributed in each group.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Of the rows that have the number; NaN if none has.
struct NumberSummary {
  Index known = 0;
  double lower_quartile = 0;  ///< quantiles of type 7, as numpy has them
  double median = 0;
  double upper_quartile = 0;
  double trimmed_mean = 0;    ///< without floor(known x trimmed_share) of the least and of the largest
  Index contributors = 0;     ///< rows that the trimmed mean is of, and that are not 0
  bool is_dominated = false;  ///< one of them has more than half of what their absolute values add up to
};

/// What a trimmed mean leaves out on each side.
inline constexpr double trimmed_share = 0.1;

/// Summaries of each of `count` groups, then of all rows that are in a group. `values`: NaN where missing. Collective
/// over comm.
[[nodiscard]] std::vector<NumberSummary> summarize_by_group(const Communicator& comm, std::span<const double> values,
                                                            std::span<const std::int32_t> groups, Index count);

}  // namespace rankwise
