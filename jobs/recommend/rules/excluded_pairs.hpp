#pragma once
// Pairs of users and items that no list may have.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "io/log/pair_list.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Items that were left out for each user, in a model's rows; every rank holds them all.
class ExcludedPairs {
 public:
  ExcludedPairs() = default;
  /// `rows`: the item of each pair of the list, on the root, -1: none. Collective over comm.
  ExcludedPairs(const Communicator& comm, const PairList& list, std::vector<Index> rows);

  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] Index count() const { return static_cast<Index>(items_.size()); }
  /// Ascending, each once.
  [[nodiscard]] std::span<const Index> of(const std::string& user) const;
  /// Users of pairs that are none of these ids, which each rank has a part of. Collective over comm.
  [[nodiscard]] std::vector<std::string> unknown_users(const Communicator& comm, std::span<const Ids> known) const;

 private:
  struct User {
    Index number = 0;  // in the order of the list
    Index begin = 0;   // in items_
    Index end = 0;
  };
  std::unordered_map<std::string, User> users_;
  std::vector<Index> items_;
};

}  // namespace rankwise
