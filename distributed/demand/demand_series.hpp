#pragma once
// Series of what was bought: by category of item and segment of customer, in each period.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/orders.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

enum class DemandMeasure {
  value,  ///< sum of the values of lines: pieces, or money
  orders  ///< orders with such a line
};

/// Periods of `days` days each; the first begins on `first_day` (days since 1970, UTC).
struct DemandPeriods {
  std::int64_t first_day = 0;
  std::int64_t days = 7;
  Index count = 0;
};

/// Of which series a line is: that of its item's category and its user's segment.
struct DemandGroups {
  std::vector<std::int32_t> of_items;  ///< of all items: a category
  Index categories = 1;
  std::vector<std::int32_t> of_users;  ///< of this rank's users: a segment
  Index segments = 1;

  /// One for each pair, the last one of all.
  [[nodiscard]] Index series() const { return categories * segments + 1; }
};

/// The same on every rank.
struct DemandSeries {
  Index periods = 0;
  std::vector<double> values;    ///< series x periods
  std::vector<Index> customers;  ///< of each series
  std::vector<Index> buyers;     ///< series x periods: customers in it

  [[nodiscard]] std::span<const double> of(Index series) const {
    return std::span<const double>(values).subspan(static_cast<std::size_t>(series * periods),
                                                   static_cast<std::size_t>(periods));
  }
};

/// Of lines with a value above 0, of orders in the periods, which have times. Sums are order-free. Collective over
/// comm.
[[nodiscard]] DemandSeries demand_series(const Communicator& comm, const Orders& orders, const DemandPeriods& periods,
                                         const DemandGroups& groups, DemandMeasure measure);

}  // namespace rankwise
