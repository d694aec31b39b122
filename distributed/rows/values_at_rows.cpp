#include "distributed/rows/values_at_rows.hpp"

namespace rankwise {

RowHolders::RowHolders(const Communicator& comm, RowRange mine) : ends_(comm.all_gather(mine.end)) {}

int RowHolders::holder(Index row) const {
  return static_cast<int>(std::ranges::upper_bound(ends_, row) - ends_.begin());
}

}  // namespace rankwise
