#include "distributed/ranking/popular_items.hpp"

#include <algorithm>
#include <iterator>

namespace rankwise {

Catalogue offering(Catalogue catalogue, const std::vector<bool>& offered) {
  for (std::size_t item = 0; item < offered.size(); ++item) {
    if (offered[item]) continue;
    catalogue.entries[item] = 0;
    if (!catalogue.is_described.empty()) catalogue.is_described[item] = 0;
  }
  std::erase_if(catalogue.by_popularity, [&](Index item) { return !catalogue.is_candidate(item); });
  return catalogue;
}

PopularItems::PopularItems(const ListRule& rule, std::span<const float> boosts)
    : rule_(rule), boosts_(boosts), order_(rule.catalogue.by_popularity) {
  if (!boosts.empty()) order_ = in_order(order_);
}

ScoredItem PopularItems::scored(Index item) const {
  return {boosted(boosts_, {rule_.catalogue.popularity(item), item}), item};
}

std::vector<Index> PopularItems::in_order(std::span<const Index> items) const {
  std::vector<Index> order;
  std::ranges::copy_if(items, std::back_inserter(order),
                       [this](Index item) { return rule_.catalogue.is_candidate(item); });
  std::ranges::sort(order, [this](Index a, Index b) {
    const ScoredItem of_a = scored(a);
    const ScoredItem of_b = scored(b);
    if (of_a.score != of_b.score) return of_a.score > of_b.score;
    // Popularities that round to one float.
    const Index entries_of_a = rule_.catalogue.entries[static_cast<std::size_t>(a)];
    const Index entries_of_b = rule_.catalogue.entries[static_cast<std::size_t>(b)];
    return boosts_.empty() && entries_of_a != entries_of_b ? entries_of_a > entries_of_b : a < b;
  });
  return order;
}

}  // namespace rankwise
