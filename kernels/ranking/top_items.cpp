#include "kernels/ranking/top_items.hpp"

#include <algorithm>
#include <limits>

#include "kernels/ranking/best_candidates.hpp"
#include "kernels/ranking/packed_items.hpp"

namespace rankwise {

namespace {

/// Candidates beyond `count` that are kept until a cut: enough of them make cuts rare.
constexpr Index spare_candidates(Index count) {
  return std::max<Index>(160, count / 4);
}

constexpr Index capacity_of(Index count) {
  return count + spare_candidates(count) + kernels::panel_items;
}

}  // namespace

TopItems::TopItems(Index users, Index count)
    : count_(count),
      capacity_(capacity_of(count)),
      sizes_(at(users)),
      thresholds_(at(users), -std::numeric_limits<float>::infinity()),
      scores_(std::make_unique_for_overwrite<float[]>(at(users * capacity_))),
      upper_scores_(std::make_unique_for_overwrite<float[]>(at(users * capacity_))),
      items_(std::make_unique_for_overwrite<std::uint32_t[]>(at(users * capacity_))) {}

Index TopItems::bytes(Index users, Index count) {
  return users * (capacity_of(count) * static_cast<Index>(2 * sizeof(float) + sizeof(std::uint32_t)) +
                  static_cast<Index>(sizeof(Index) + sizeof(float)));
}

kernels::Candidates TopItems::candidates(Index user) {
  return {scores_.get() + user * capacity_,
          upper_scores_.get() + user * capacity_,
          items_.get() + user * capacity_,
          sizes_[at(user)],
          thresholds_[at(user)],
          count_,
          capacity_ - kernels::panel_items};
}

void TopItems::settle(Index user) {
  kernels::cut(candidates(user), count_ + count_ / 8);
}

std::vector<ScoredItem> TopItems::sorted(Index user) const {
  const auto size = at(sizes_[at(user)]);
  std::vector<ScoredItem> best(std::min(at(count_), size));
  kernels::sort_best({scores_.get() + user * capacity_, size}, {items_.get() + user * capacity_, size}, best);
  return best;
}

}  // namespace rankwise
