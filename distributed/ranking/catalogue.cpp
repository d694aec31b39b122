#include "distributed/ranking/catalogue.hpp"

#include <algorithm>

namespace rankwise {

namespace {

/// Orders items from the most popular one on.
struct MorePopular {
  const std::vector<Index>& entries;

  bool operator()(Index a, Index b) const {
    const Index of_a = entries[static_cast<std::size_t>(a)];
    const Index of_b = entries[static_cast<std::size_t>(b)];
    return of_a != of_b ? of_a > of_b : a < b;
  }
};

}  // namespace

float Catalogue::popularity(Index item) const {
  return static_cast<float>(static_cast<double>(entries[static_cast<std::size_t>(item)]) / static_cast<double>(users));
}

bool Catalogue::knows(std::span<const Index> items) const {
  return std::ranges::any_of(items, [this](Index item) { return is_candidate(item); });
}

Catalogue make_catalogue(const Communicator& comm, Index users, std::span<const Index> entries,
                         std::span<const std::uint8_t> is_described) {
  Catalogue catalogue;
  catalogue.users = users;
  catalogue.entries = comm.all_gather_varied(entries).values;
  catalogue.is_described = comm.all_gather_varied(is_described).values;
  for (Index item = 0; item < catalogue.items(); ++item) {
    if (catalogue.is_candidate(item)) catalogue.by_popularity.push_back(item);
  }
  std::ranges::sort(catalogue.by_popularity, MorePopular{catalogue.entries});
  return catalogue;
}

Index catalogue_bytes(Index items) {
  return 2 * items * static_cast<Index>(sizeof(Index));
}

bool ListRule::allows(Index item, std::span<const Index> history) const {
  if (!catalogue.is_candidate(item)) return false;
  if (seen == SeenItems::allow) return true;
  return std::ranges::binary_search(history, item) == (seen == SeenItems::only);
}

}  // namespace rankwise
