#pragma once
// Five classes of about equal size, over all ranks' values.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"
#include "kernels/statistics/midrank_class.hpp"

namespace rankwise {

/// A class as people see it; bounds are NaN if nobody is in it.
struct ClassBounds {
  Index count = 0;
  double lowest = 0;
  double highest = 0;
};

struct MidrankClasses {
  std::vector<std::int32_t> of_values;                 ///< from 1; 0 of a value that is NaN
  Index count = 0;                                     ///< values of all ranks that are not NaN
  std::array<ClassBounds, midrank_classes> classes{};  ///< over all ranks
};

/// midrank_class() of each value among all ranks' values. NaN are in no class. Exact, whatever the number of ranks.
/// Collective over comm.
[[nodiscard]] MidrankClasses midrank_classes_of(const Communicator& comm, std::span<const double> values);

}  // namespace rankwise
