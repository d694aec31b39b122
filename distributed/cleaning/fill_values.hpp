#pragma once
// What stands in for missing values.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

enum class FillStatistic { mean, median, mode };

/// The statistic of all ranks' numbers that are not NaN; none if there are none. The mean is exact to rounding, median
/// and mode are exact. Collective over comm.
[[nodiscard]] std::optional<double> fill_statistic(const Communicator& comm, std::span<const double> values,
                                                   FillStatistic statistic);

/// Puts `fill` in the place of each NaN; how many there were on this rank.
Index fill_missing(std::vector<double>& values, double fill);

}  // namespace rankwise
