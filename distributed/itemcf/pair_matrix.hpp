#pragma once
// A matrix of whole weights from both sides: this rank's users with their items, and its items with their users.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/entry_weights.hpp"
#include "distributed/itemcf/item_layout.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/base/types.hpp"
#include "kernels/itemcf/common_users.hpp"

namespace rankwise {

/// Users' items by number, packed; weights are empty of EntryWeights::ones.
struct PackedUsers {
  std::vector<Index> offsets{0};
  std::vector<LocalIndex> items;
  std::vector<std::int32_t> weights;

  [[nodiscard]] Index count() const { return static_cast<Index>(offsets.size()) - 1; }
  [[nodiscard]] Index size(Index user) const {
    return offsets[static_cast<std::size_t>(user) + 1] - offsets[static_cast<std::size_t>(user)];
  }
  [[nodiscard]] UserItems user(Index user) const {
    const auto begin = static_cast<std::size_t>(offsets[static_cast<std::size_t>(user)]);
    const auto entries = static_cast<std::size_t>(size(user));
    return {std::span(items).subspan(begin, entries),
            weights.empty() ? std::span<const std::int32_t>() : std::span(weights).subspan(begin, entries)};
  }
};

struct PairMatrix {
  EntryWeights kind = EntryWeights::ones;
  double quantum = 1;
  // This rank's users.
  Partition users;
  PackedUsers by_user;
  // This rank's items, of ItemLayout::items.
  RowRange items;
  std::vector<Index> item_offsets{0};
  std::vector<LocalIndex> item_users;      ///< places in needed_users
  std::vector<std::int32_t> item_weights;  ///< empty of EntryWeights::ones
  // The users that these items have, on any rank.
  std::vector<Index> needed_users;  ///< ascending
  std::vector<Index> needed_sizes;  ///< items of each

  [[nodiscard]] RowRange entries_of(Index local_item) const {
    return {item_offsets[static_cast<std::size_t>(local_item)], item_offsets[static_cast<std::size_t>(local_item) + 1]};
  }
  /// What one item has in common with one other, from a sum of products.
  [[nodiscard]] double common(std::int64_t sum) const { return static_cast<double>(sum) * quantum * quantum; }
};

/// `weighed` are this rank's users. Collective over comm.
[[nodiscard]] PairMatrix make_pair_matrix(const Communicator& comm, const ItemLayout& layout, WeighedRows weighed);

/// These users' rows (`wanted`: global, ascending, without repetition), from their owners. Collective over comm.
[[nodiscard]] PackedUsers fetch_users(const Communicator& comm, const PairMatrix& matrix,
                                      std::span<const Index> wanted);

}  // namespace rankwise
