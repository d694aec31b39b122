#include "distributed/evaluation/item_order.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "kernels/ranking/rank_sum.hpp"

namespace rankwise {

namespace {

ItemOrder with_ascending(ItemOrder order) {
  for (auto item = order.items.rbegin(); item != order.items.rend(); ++item)
    order.ascending.push_back(order.standing[at(*item)]);
  return order;
}

}  // namespace

ItemOrder order_by_popularity(const Catalogue& catalogue) {
  return with_ascending({catalogue.by_popularity, catalogue.entries, {}});
}

ItemOrder order_by_recent(const Catalogue& catalogue, std::span<const Index> recent) {
  ItemOrder order{catalogue.by_popularity, std::vector<Index>(catalogue.entries.size()), {}};
  const auto of = [&](Index item) { return std::pair(recent[at(item)], catalogue.entries[at(item)]); };
  std::ranges::sort(order.items, [&](Index a, Index b) { return std::tuple(of(b), a) < std::tuple(of(a), b); });
  Index standing = 0;
  for (std::size_t place = order.items.size(); place > 0; --place) {
    const Index item = order.items[place - 1];
    if (place == order.items.size() || of(item) != of(order.items[place])) ++standing;
    order.standing[at(item)] = standing;
  }
  return with_ascending(std::move(order));
}

OrderedLists::OrderedLists(const ListRule& rule, const ItemOrder& order)
    : rule_(rule), order_(order), has_(order.standing.size()) {}

std::span<const ScoredItem> OrderedLists::list(std::span<const Index> history, Index count) {
  list_.clear();
  const auto append = [&](Index item) { list_.push_back({static_cast<float>(order_.standing[at(item)]), item}); };
  if (rule_.seen == SeenItems::only) {
    own_.clear();
    std::ranges::copy_if(history, std::back_inserter(own_), [&](Index i) { return rule_.catalogue.is_candidate(i); });
    std::ranges::stable_sort(own_, [&](Index a, Index b) { return order_.standing[at(a)] > order_.standing[at(b)]; });
    for (const Index item : own_) {
      if (static_cast<Index>(list_.size()) < count) append(item);
    }
    return list_;
  }
  const bool skips = rule_.seen == SeenItems::exclude;
  if (skips) std::ranges::for_each(history, [&](Index item) { has_[at(item)] = 1; });
  for (auto item = order_.items.begin(); item != order_.items.end() && std::ssize(list_) < count; ++item) {
    if (has_[at(*item)] == 0) append(*item);
  }
  if (skips) std::ranges::for_each(history, [&](Index item) { has_[at(item)] = 0; });
  return list_;
}

double order_area(const ListRule& rule, const ItemOrder& order, std::span<const Index> history,
                  std::span<const Index> targets) {
  std::vector<Index> scores;
  for (const Index item : targets) {
    if (rule.allows(item, history)) scores.push_back(order.standing[at(item)]);
  }
  const std::vector<Index> found = scores;
  RankSum<Index> sum(std::move(scores), static_cast<Index>(targets.size()));
  if (rule.seen == SeenItems::only) {
    for (const Index item : history) {
      if (rule.allows(item, history) && !std::ranges::binary_search(targets, item)) sum.add(order.standing[at(item)]);
    }
    return sum.area();
  }
  // All candidates, less those that do not count.
  sum.add_all(order.ascending);
  for (const Index standing : found) sum.remove(standing);
  if (rule.seen == SeenItems::allow) return sum.area();
  for (const Index item : history) {
    if (rule.catalogue.is_candidate(item)) sum.remove(order.standing[at(item)]);
  }
  return sum.area();
}

}  // namespace rankwise
