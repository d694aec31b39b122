#pragma once
// Lists of popular items under rules, and catalogues that offer a part of their items.

#include <span>
#include <vector>

#include "distributed/ranking/catalogue.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// The catalogue whose lists have nothing but what is offered (of each item): other items are as if nothing had been
/// trained on them. Whom a training knows, only the whole catalogue can say.
[[nodiscard]] Catalogue offering(Catalogue catalogue, const std::vector<bool>& offered);

/// An item's score with what it is raised by; `boosts` are of each item, or empty.
[[nodiscard]] inline float boosted(std::span<const float> boosts, const ScoredItem& item) {
  return boosts.empty() ? item.score : item.score + boosts[static_cast<std::size_t>(item.item)];
}

/// The popular items as lists by a rule have them; what it refers to outlives this.
class PopularItems {
 public:
  PopularItems(const ListRule& rule, std::span<const float> boosts);

  /// The best that the list of a user with this history may hold, `count` at most, and of those that `takes`, which is
  /// asked once an item, best first. Scores are popularities, with boosts.
  template <class Takes>
  [[nodiscard]] std::vector<ScoredItem> list(std::span<const Index> history, Index count, Takes&& takes) const {
    std::vector<ScoredItem> list;
    const std::vector<Index> own = rule_.seen == SeenItems::only ? in_order(history) : std::vector<Index>();
    for (const Index item : rule_.seen == SeenItems::only ? own : order_) {
      if (static_cast<Index>(list.size()) == count) break;
      if (rule_.allows(item, history) && takes(item)) list.push_back(scored(item));
    }
    return list;
  }

 private:
  [[nodiscard]] ScoredItem scored(Index item) const;
  /// The candidates among the items, best first.
  [[nodiscard]] std::vector<Index> in_order(std::span<const Index> items) const;

  ListRule rule_;
  std::span<const float> boosts_;
  std::vector<Index> order_;
};

}  // namespace rankwise
