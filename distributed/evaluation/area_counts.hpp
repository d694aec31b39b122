#pragma once
// Areas under the curves of users whose scores come by in blocks of items, twice: first the scores of what was held
// out are taken, then every other candidate is counted against them. No users x items matrix is ever held.

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "distributed/ranking/catalogue.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/rank_sum.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// A user whose candidates are counted; spans ascend and outlive the count.
struct CountedUser {
  std::span<const Index> history;
  std::vector<Index> targets;
};

/// Distinct users may be counted by distinct threads; blocks of a user come in any order, each once in each pass.
template <class Score>
class AreaCounts {
 public:
  /// `rule` outlives this.
  AreaCounts(const ListRule& rule, std::vector<CountedUser> users)
      : rule_(rule), users_(std::move(users)), found_(users_.size()), bad_(users_.size()) {}

  /// First pass: the scores of items first_item, first_item + 1, ...
  void take(Index user, Index first_item, std::span<const Score> scores) {
    const auto u = static_cast<std::size_t>(user);
    const Index end = first_item + static_cast<Index>(scores.size());
    const std::vector<Index>& targets = users_[u].targets;
    for (auto item = std::ranges::lower_bound(targets, first_item); item != targets.end() && *item < end; ++item) {
      if (rule_.allows(*item, users_[u].history))
        found_[u].push_back(scores[static_cast<std::size_t>(*item - first_item)]);
    }
  }
  /// Between the passes.
  void begin_count() {
    sums_.clear();
    for (std::size_t u = 0; u < users_.size(); ++u)
      sums_.emplace_back(std::move(found_[u]), static_cast<Index>(users_[u].targets.size()));
  }
  /// Second pass.
  void count(Index user, Index first_item, std::span<const Score> scores) {
    const auto u = static_cast<std::size_t>(user);
    const CountedUser& counted = users_[u];
    const Index end = first_item + static_cast<Index>(scores.size());
    auto target = std::ranges::lower_bound(counted.targets, first_item);
    auto known = std::ranges::lower_bound(counted.history, first_item);
    for (Index item = first_item; item < end; ++item) {
      const bool is_target = target != counted.targets.end() && *target == item;
      const bool is_known = known != counted.history.end() && *known == item;
      target += is_target ? 1 : 0;
      known += is_known ? 1 : 0;
      if (is_target || !rule_.catalogue.is_candidate(item)) continue;
      if (rule_.seen != SeenItems::allow && is_known != (rule_.seen == SeenItems::only)) continue;
      const Score score = scores[static_cast<std::size_t>(item - first_item)];
      if (!std::isfinite(score) && !bad_[u]) bad_[u] = ScoredItem{static_cast<float>(score), item};
      sums_[u].add(score);
    }
  }

  [[nodiscard]] double area(Index user) const { return sums_[static_cast<std::size_t>(user)].area(); }
  /// The first item with a score that is not finite, if there is one.
  [[nodiscard]] const std::optional<ScoredItem>& bad(Index user) const { return bad_[static_cast<std::size_t>(user)]; }

 private:
  const ListRule& rule_;
  std::vector<CountedUser> users_;
  std::vector<std::vector<Score>> found_;
  std::vector<RankSum<Score>> sums_;
  std::vector<std::optional<ScoredItem>> bad_;
};

}  // namespace rankwise
