#pragma once
// What a log looks like, in numbers for plots: values, activity, popularity, times.

#include <cstdint>
#include <optional>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/events.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows with a value in [least, most); of the last bin also with the value `most`.
struct ValueBin {
  double least = 0;
  double most = 0;
  Index rows = 0;
};

/// Of rows that rules have left. The same on every rank.
struct LogProfile {
  Index rows = 0;
  Index users = 0;  ///< with any row
  Index items = 0;
  /// A bin for each value if there are few, else 30 of one width between the 1% and the 99% quantile.
  std::vector<ValueBin> values;
  Index values_below = 0;  ///< of the first bin
  Index values_above = 0;
  std::vector<Index> users_by_items;  ///< entry b: users with at least 2^b items and fewer than 2^(b+1)
  /// Users of the item of rank 1, 2, 3, 4, 6, 8, ... by number of users.
  struct Popularity {
    Index rank = 1;
    Index users = 0;
  };
  std::vector<Popularity> popularity;
  struct TimeBin {
    std::int64_t begin_seconds = 0;  ///< since 1970
    Index rows = 0;
  };
  std::vector<TimeBin> times;  ///< 40 bins of one width; none if the log has no times
};

/// Collective over comm; holds one integer for each item.
[[nodiscard]] LogProfile profile_of(const Communicator& comm, const UserEvents& events);

}  // namespace rankwise
