#pragma once
// At most so many items of one group in a list.

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/base/types.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// Lists are filled best first, and an item whose group has its share is passed over: no other list within the quota
/// has a larger sum of scores, since these lists are the independent sets of a matroid (of a partition, cut at a size).
struct ListQuota {
  static constexpr std::int32_t no_group = -1;  ///< of an item that no quota counts
  std::vector<std::int32_t> groups;             ///< of each item, from 0
  Index most = 0;                               ///< items of a group in a list, >= 1
};

/// Fills one list after the other; for one thread.
class QuotaCount {
 public:
  /// `quota` outlives this; null takes every item.
  explicit QuotaCount(const ListQuota* quota);

  /// Begins an empty list.
  void begin();
  /// Whether the list may have the item, which then counts.
  [[nodiscard]] bool take(Index item);
  /// The first of the items, at most `count`, that make a list together.
  [[nodiscard]] std::vector<ScoredItem> fill(std::span<const ScoredItem> best_first, Index count);

 private:
  const ListQuota* quota_;
  std::vector<Index> taken_;           // of each group
  std::vector<std::int32_t> touched_;  // groups of which items were taken
};

}  // namespace rankwise
