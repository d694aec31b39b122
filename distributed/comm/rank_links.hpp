#pragma once
// Connections between ranks beside MPI, for what must work when MPI does not: a tree over TCP.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

/// The tree: rank 0 is the root, and rank r hangs below (r - 1) / fan_out. At 4,096 ranks it is 3 links deep, and no
/// rank has more than 17.
class RankTree {
 public:
  static constexpr int fan_out = 16;
  explicit RankTree(int ranks) : ranks_(ranks) {}

  /// -1 of the root.
  [[nodiscard]] static int parent(int rank) { return rank == 0 ? -1 : (rank - 1) / fan_out; }
  /// Ascending.
  [[nodiscard]] std::vector<int> children(int rank) const;

 private:
  int ranks_;
};

/// A connected neighbour.
struct RankLink {
  int rank = 0;
  int process = 0;            ///< its number on `host`
  bool sees_process = false;  ///< whether that number means the same process here
  std::string host;
  FileDescriptor socket;
};

/// Connects every rank with its neighbours in the tree, parent first, then children ascending. Ports are whichever are
/// free; ranks of one machine talk over loopback. Milliseconds; tens of seconds where addresses lead nowhere.
/// Collective over comm; throws AgreedError(internal) where some neighbours cannot reach each other over IPv4.
[[nodiscard]] std::vector<RankLink> link_ranks(const Communicator& comm);

}  // namespace rankwise
