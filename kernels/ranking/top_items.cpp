#include "kernels/ranking/top_items.hpp"

#include <algorithm>
#include <limits>

namespace rankwise {

namespace {
constexpr std::size_t group_scores = 32;
}

TopItems::TopItems(Index users, Index count)
    : count_(count), sizes_(static_cast<std::size_t>(users)), slots_(static_cast<std::size_t>(users * count)) {}

void TopItems::offer(Index user, std::span<const float> scores, Index first_item, std::span<const Index> counts,
                     std::span<const Index> excluded) {
  if (count_ == 0) return;
  const Index& size = sizes_[static_cast<std::size_t>(user)];
  const auto threshold = [&] { return size < count_ ? -std::numeric_limits<float>::infinity() : slots(user)->score; };
  const auto consider = [&](std::size_t i) {
    const ScoredItem offered{scores[i], first_item + static_cast<Index>(i)};
    // An equal score may still win by its lower item number.
    if (size == count_ && !better(offered, *slots(user))) return;
    if (counts[i] == 0) return;
    if (std::binary_search(excluded.begin(), excluded.end(), offered.item)) return;
    insert(user, offered);
  };
  // Nearly all scores fall short; whole groups are passed over by one comparison that the compiler vectorizes.
  std::size_t i = 0;
  for (; i + group_scores <= scores.size(); i += group_scores) {
    const float worst_kept = threshold();
    int reaching = 0;
    for (std::size_t j = i; j < i + group_scores; ++j) reaching += scores[j] < worst_kept ? 0 : 1;
    if (reaching == 0) continue;
    for (std::size_t j = i; j < i + group_scores; ++j) {
      if (!(scores[j] < worst_kept)) consider(j);
    }
  }
  for (; i < scores.size(); ++i) consider(i);
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
