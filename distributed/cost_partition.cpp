#include "distributed/cost_partition.hpp"

#include <vector>

#include "distributed/als_side.hpp"

namespace rankwise {

Partition partition_by_cost(const Communicator& comm, Index rows, std::span<const Index> share_sizes, Index width) {
  const std::vector<double> mine = chunk_costs(share_sizes, width);
  const std::vector<double> costs = comm.all_gather_varied(std::span<const double>(mine)).values;
  return Partition::by_cost(rows, costs, comm.size()).in_portions(costs, exchange_portions(comm.size()));
}

}  // namespace rankwise
