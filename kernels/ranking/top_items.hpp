#pragma once
// The best items of many users, kept while scores stream by.

#include <cstdint>
#include <memory>
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

namespace kernels {

/// Items of one user among which its best `count` are, in no order.
struct Candidates {
  float* scores;
  std::uint32_t* items;
  Index& size;
  float& threshold;  ///< what is below it is not among the best
  Index count;
  Index full;  ///< size from which on there may be no room for one more panel
};

}  // namespace kernels

/// For each of `users` users the best `count` items offered so far. The result does not depend on the order of offers.
/// Distinct users may be offered to from distinct threads.
class TopItems {
 public:
  TopItems(Index users, Index count);

  [[nodiscard]] Index count() const { return count_; }
  /// Of a user: what is below it is not among the best.
  [[nodiscard]] float threshold(Index user) const { return thresholds_[static_cast<std::size_t>(user)]; }
  /// Bytes of so many users.
  [[nodiscard]] static Index bytes(Index users, Index count);

  /// Where rank_block() adds what reaches the threshold.
  [[nodiscard]] kernels::Candidates candidates(Index user);
  /// After the last offer to a user: makes sorted() cheap.
  void settle(Index user);

  /// The user's best items, best first; a score of -0 is 0.
  [[nodiscard]] std::vector<ScoredItem> sorted(Index user) const;

 private:
  Index count_;
  Index capacity_;
  std::vector<Index> sizes_;
  std::vector<float> thresholds_;
  std::unique_ptr<float[]> scores_;  // capacity_ a user; never cleared, as pages that are not used then cost nothing
  std::unique_ptr<std::uint32_t[]> items_;
};

}  // namespace rankwise
