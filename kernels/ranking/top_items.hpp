#pragma once
// The best items of many users, kept while scores stream by.

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/base/types.hpp"
#include "kernels/ranking/best_candidates.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

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

  [[nodiscard]] const float* thresholds(Index first_user) const { return thresholds_.data() + first_user; }

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
  std::unique_ptr<float[]> upper_scores_;
  std::unique_ptr<std::uint32_t[]> items_;
};

}  // namespace rankwise
