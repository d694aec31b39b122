#include "distributed/exchange/node_group.hpp"

#include <algorithm>

namespace rankwise {

NodeGroup NodeGroup::of_nodes(const Communicator& comm) {
  Communicator node = comm.node();
  const std::vector<std::int32_t> labels = comm.all_gather(node.min(static_cast<std::int32_t>(comm.rank())));
  return {NodeMap(labels), std::move(node)};
}

NodeGroup NodeGroup::of_consecutive(const Communicator& comm, int ranks_per_node) {
  return {NodeMap::consecutive(comm.size(), ranks_per_node), comm.split(comm.rank() / ranks_per_node)};
}

NodeGroup NodeGroup::alone(const Communicator& comm) {
  return {NodeMap::alone(comm.size()), Communicator::single()};
}

RowRange NodeGroup::share(Index rows) const {
  const Index chunks = chunk_count(rows);
  const auto boundary = [&](Index place) { return std::min(rows, chunks * place / comm.size() * chunk_rows); };
  return {boundary(comm.rank()), boundary(comm.rank() + 1)};
}

}  // namespace rankwise
