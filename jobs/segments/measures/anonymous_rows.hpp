#pragma once
// Customers that cannot be told apart: of a list that others see, each combination of values belongs to enough of them.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/tables/table.hpp"
#include "jobs/segments/measures/groups.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Which of this rank's customers keep their values, 1 or 0, and how many of all ranks' do not.
struct AnonymousRows {
  std::vector<char> keeps_values;
  Index withheld = 0;
};

/// k-anonymity (Sweeney 2002) over the group and the columns, which are of categories: a combination of fewer than
/// `least` customers is withheld, and, if those withheld of a group are fewer themselves, its rarest other combinations
/// are, too (ties to the first by their texts). Groups have at least `least` customers. Every rank holds all different
/// combinations. Collective over comm.
[[nodiscard]] AnonymousRows anonymous_rows(const Communicator& comm, const Groups& groups,
                                           const std::vector<TableColumn>& columns, Index least);

}  // namespace rankwise
