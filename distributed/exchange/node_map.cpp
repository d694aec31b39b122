#include "distributed/exchange/node_map.hpp"

#include <map>
#include <numeric>

namespace rankwise {

NodeMap::NodeMap(std::span<const int> labels) : begins_{0} {
  std::map<int, int> numbers;
  for (const int label : labels)
    node_.push_back(numbers.try_emplace(label, static_cast<int>(numbers.size())).first->second);
  begins_.resize(numbers.size() + 1);
  for (const int node : node_) ++begins_[static_cast<std::size_t>(node) + 1];
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  members_.resize(node_.size());
  std::vector<std::size_t> next = begins_;
  for (std::size_t rank = 0; rank < node_.size(); ++rank) {
    members_[next[static_cast<std::size_t>(node_[rank])]++] = static_cast<int>(rank);
  }
}

NodeMap NodeMap::consecutive(int ranks, int ranks_per_node) {
  std::vector<int> labels(static_cast<std::size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank) labels[static_cast<std::size_t>(rank)] = rank / ranks_per_node;
  return NodeMap(labels);
}

}  // namespace rankwise
