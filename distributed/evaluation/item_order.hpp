#pragma once
// One order of the items for all users, by what training has of them: lists that cost nothing.

#include <span>
#include <vector>

#include "distributed/ranking/catalogue.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// The items with a training entry, best first.
struct ItemOrder {
  std::vector<Index> items;      ///< ties to the lower item
  std::vector<Index> standing;   ///< of each item of the catalogue; higher is better, equal ones tie
  std::vector<Index> ascending;  ///< the standings of `items`, ascending
};

/// By training entries.
[[nodiscard]] ItemOrder order_by_popularity(const Catalogue& catalogue);

/// By `recent` (of each item, its entries in a window), then by training entries.
[[nodiscard]] ItemOrder order_by_recent(const Catalogue& catalogue, std::span<const Index> recent);

/// Lists by one order; for one thread, which marks a user's items while it walks.
class OrderedLists {
 public:
  /// `rule` and `order` outlive this.
  OrderedLists(const ListRule& rule, const ItemOrder& order);

  /// The first `count` items that the list of a user with this history (ascending) may have. Valid until the next call.
  [[nodiscard]] std::span<const ScoredItem> list(std::span<const Index> history, Index count);

 private:
  const ListRule& rule_;
  const ItemOrder& order_;
  std::vector<char> has_;  // of each item, whether the user at hand has it
  std::vector<Index> own_;
  std::vector<ScoredItem> list_;
};

/// The area under the curve of such an order for one user: by standings, over all items that the rule allows.
/// `targets` ascend.
[[nodiscard]] double order_area(const ListRule& rule, const ItemOrder& order, std::span<const Index> history,
                                std::span<const Index> targets);

}  // namespace rankwise
