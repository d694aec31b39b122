#pragma once
// The area under one user's curve (ROC): Mann-Whitney's statistic with midranks, by counting.

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Counts how often held-out items score above other candidates. `Score` has < and ==.
template <class Score>
class RankSum {
 public:
  /// `scores`: of the held-out items that are candidates. `targets`: of all held-out items; those that are no
  /// candidates lose to every other item.
  RankSum(std::vector<Score> scores, Index targets) : scores_(std::move(scores)), targets_(targets) {
    std::sort(scores_.begin(), scores_.end());
  }

  /// A candidate that was not held out.
  void add(const Score& score) {
    const auto [below, above] = std::equal_range(scores_.begin(), scores_.end(), score);
    twice_won_ += 2 * (scores_.end() - above) + (above - below);
    ++others_;
  }
  /// Takes one back that was added.
  void remove(const Score& score) {
    const auto [below, above] = std::equal_range(scores_.begin(), scores_.end(), score);
    twice_won_ -= 2 * (scores_.end() - above) + (above - below);
    --others_;
  }
  /// Candidates of these scores, which ascend.
  void add_all(std::span<const Score> ascending) {
    for (const Score& score : scores_) {
      const auto [below, above] = std::equal_range(ascending.begin(), ascending.end(), score);
      twice_won_ += 2 * (below - ascending.begin()) + (above - below);
    }
    others_ += static_cast<Index>(ascending.size());
  }

  /// In [0, 1]; 1/2 where there is nothing to compare with.
  [[nodiscard]] double area() const {
    if (others_ == 0) return 0.5;
    return static_cast<double>(twice_won_) / (2 * static_cast<double>(targets_) * static_cast<double>(others_));
  }

 private:
  std::vector<Score> scores_;
  Index targets_;
  Index twice_won_ = 0;
  Index others_ = 0;
};

}  // namespace rankwise
