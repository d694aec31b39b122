#include "kernels/top_items.hpp"

#include <algorithm>
#include <limits>

namespace rankwise {

TopItems::TopItems(Index users, Index count)
    : count_(count), sizes_(static_cast<std::size_t>(users)), slots_(static_cast<std::size_t>(users * count)) {}

void TopItems::offer(Index user, std::span<const float> scores, Index first_item, std::span<const Index> excluded) {
  if (count_ == 0) return;
  const Index& size = sizes_[static_cast<std::size_t>(user)];
  const auto threshold = [&] { return size < count_ ? -std::numeric_limits<float>::infinity() : slots(user)->score; };
  float worst_kept = threshold();
  for (std::size_t i = 0; i < scores.size(); ++i) {
    // Nearly all scores end here. An equal score may still win by its lower item number.
    if (scores[i] < worst_kept) continue;
    const ScoredItem offered{scores[i], first_item + static_cast<Index>(i)};
    if (size == count_ && !better(offered, *slots(user))) continue;
    if (std::binary_search(excluded.begin(), excluded.end(), offered.item)) continue;
    insert(user, offered);
    worst_kept = threshold();
  }
}

void TopItems::insert(Index user, ScoredItem item) {
  Index& size = sizes_[static_cast<std::size_t>(user)];
  ScoredItem* heap = slots(user);
  if (size == count_) {
    std::pop_heap(heap, heap + size, better);
    heap[size - 1] = item;
  } else {
    heap[size++] = item;
  }
  std::push_heap(heap, heap + size, better);
}

std::vector<ScoredItem> TopItems::sorted(Index user) const {
  const ScoredItem* heap = slots_.data() + user * count_;
  std::vector<ScoredItem> items(heap, heap + sizes_[static_cast<std::size_t>(user)]);
  std::sort(items.begin(), items.end(), better);
  return items;
}

}  // namespace rankwise
