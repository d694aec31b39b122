#pragma once
// Which ranks share a node, and which of them receives what: a pure value, testable at any number of ranks without MPI.

#include <span>
#include <vector>

namespace rankwise {

/// Ranks grouped by node. Nodes are numbered by their lowest ranks; a rank's place counts the lower ranks of its node.
class NodeMap {
 public:
  /// `labels`: of every rank, any number that the ranks of its node, and no others, have.
  explicit NodeMap(std::span<const int> labels);
  /// `ranks_per_node` (>= 1) consecutive ranks on each node, fewer on the last one.
  static NodeMap consecutive(int ranks, int ranks_per_node);
  /// Every rank for itself.
  static NodeMap alone(int ranks) { return consecutive(ranks, 1); }

  [[nodiscard]] int ranks() const { return static_cast<int>(node_.size()); }
  [[nodiscard]] int nodes() const { return static_cast<int>(begins_.size()) - 1; }
  /// Whether some node has several ranks.
  [[nodiscard]] bool is_shared() const { return nodes() < ranks(); }
  [[nodiscard]] int node(int rank) const { return node_[static_cast<std::size_t>(rank)]; }
  /// The ranks of a node, ascending.
  [[nodiscard]] std::span<const int> members(int node) const {
    const auto n = static_cast<std::size_t>(node);
    return std::span(members_).subspan(begins_[n], begins_[n + 1] - begins_[n]);
  }
  /// The rank that receives for all of `node` what `owner`, a rank of another node, sends it: owners in turn.
  [[nodiscard]] int receiver(int node, int owner) const {
    const std::span<const int> ranks = members(node);
    return ranks[static_cast<std::size_t>(owner) % ranks.size()];
  }

 private:
  std::vector<int> node_;            // by rank
  std::vector<std::size_t> begins_;  // of each node's members, and their end
  std::vector<int> members_;
};

}  // namespace rankwise
