#pragma once
// The ranks that keep one copy of what they gather.

#include "distributed/comm/communicator.hpp"
#include "distributed/exchange/node_map.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// A run's ranks grouped by node, and the communicator of this rank's own group. Factories are collective over comm.
struct NodeGroup {
  NodeMap map;
  Communicator comm;  ///< ranks of this node, by their place

  /// Ranks that share memory.
  [[nodiscard]] static NodeGroup of_nodes(const Communicator& comm);
  /// So many consecutive ranks as if they alone shared memory, which they must; for tests.
  [[nodiscard]] static NodeGroup of_consecutive(const Communicator& comm, int ranks_per_node);
  /// Every rank for itself.
  [[nodiscard]] static NodeGroup alone(const Communicator& comm);

  /// This rank's part of `rows` that its group works on together: whole chunks of rows.
  [[nodiscard]] RowRange share(Index rows) const;
};

}  // namespace rankwise
