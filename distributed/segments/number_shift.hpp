#pragma once
// How a number of customers has shifted between two quarters.

#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"
#include "kernels/statistics/distribution_shift.hpp"

namespace rankwise {

/// From one distribution of a number to another.
struct NumberShift {
  Index before = 0;                ///< rows that have the number
  Index after = 0;                 //
  double stability_index = 0;      ///< over the bins below
  std::vector<Index> bins_before;  ///< rows in the tenths of `before`, equal bounds taken once
  std::vector<Index> bins_after;   //
  TwoSampleTest kolmogorov_smirnov;
  double median_before = 0;
  double median_after = 0;
};

/// The largest distance between both distribution functions, of all ranks' numbers; 0 if a side has none. Collective
/// over comm.
[[nodiscard]] double distribution_distance(const Communicator& comm, std::span<const double> before,
                                           std::span<const double> after);

/// NaN on either side is left out. Without numbers on a side, all but the counts is NaN. Collective over comm.
[[nodiscard]] NumberShift number_shift(const Communicator& comm, std::span<const double> before,
                                       std::span<const double> after);

}  // namespace rankwise
