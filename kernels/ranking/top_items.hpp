#pragma once
// The best items of many users, kept while scores stream by.

#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

struct ScoredItem {
  float score;
  Index item;
};

/// Higher score first; equal scores by the lower item. What is no number is first of all: no list hides it.
[[nodiscard]] inline bool better(const ScoredItem& a, const ScoredItem& b) {
  if (a.score > b.score) return true;
  if (a.score < b.score) return false;
  const bool a_is_number = a.score == a.score;
  const bool b_is_number = b.score == b.score;
  return a_is_number == b_is_number ? a.item < b.item : b_is_number;
}

/// For each of `users` users the best `count` items offered so far. The result does not depend on the order of offers.
/// Distinct users may be offered to from distinct threads.
class TopItems {
 public:
  TopItems(Index users, Index count);

  /// Offers scores[0], scores[1], ... as the scores of items first_item, first_item + 1, ... except those whose entry
  /// of `counts` (one for each score) is 0, and those in `excluded` (ascending item numbers). Each item may be offered
  /// once to a user.
  void offer(Index user, std::span<const float> scores, Index first_item, std::span<const Index> counts,
             std::span<const Index> excluded);

  /// The user's best items, best first.
  [[nodiscard]] std::vector<ScoredItem> sorted(Index user) const;

 private:
  void insert(Index user, ScoredItem item);
  [[nodiscard]] ScoredItem* slots(Index user) { return slots_.data() + user * count_; }
  Index count_;
  std::vector<Index> sizes_;
  std::vector<ScoredItem> slots_;  // per user a heap with the worst kept item in front
};

}  // namespace rankwise
