#include "distributed/ranking/list_quota.hpp"

#include <algorithm>

namespace rankwise {

QuotaCount::QuotaCount(const ListQuota* quota) : quota_(quota) {
  if (quota_ == nullptr || quota_->groups.empty()) return;
  taken_.resize(static_cast<std::size_t>(std::ranges::max(quota_->groups) + 1));
}

void QuotaCount::begin() {
  for (const std::int32_t group : touched_) taken_[static_cast<std::size_t>(group)] = 0;
  touched_.clear();
}

bool QuotaCount::take(Index item) {
  if (quota_ == nullptr) return true;
  const std::int32_t group = quota_->groups[static_cast<std::size_t>(item)];
  if (group == ListQuota::no_group) return true;
  Index& taken = taken_[static_cast<std::size_t>(group)];
  if (taken == quota_->most) return false;
  if (taken++ == 0) touched_.push_back(group);
  return true;
}

std::vector<ScoredItem> QuotaCount::fill(std::span<const ScoredItem> best_first, Index count) {
  begin();
  std::vector<ScoredItem> list;
  for (const ScoredItem& item : best_first) {
    if (static_cast<Index>(list.size()) == count) break;
    if (take(item.item)) list.push_back(item);
  }
  return list;
}

}  // namespace rankwise
