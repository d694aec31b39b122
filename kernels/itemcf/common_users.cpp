#include "kernels/itemcf/common_users.hpp"

namespace rankwise {

namespace {

/// Looking through an item without anything in common costs as much as so many increments of one that is listed.
constexpr Index looks_per_increment = 16;

}  // namespace

CommonUsers::CommonUsers(Index items, EntryWeights weights, Counting counting)
    : weights_(weights), items_(static_cast<std::size_t>(items)) {
  if (weights == EntryWeights::ones || counting == Counting::sums_and_users) users_.resize(items_);
  if (weights == EntryWeights::integers) sums_.resize(items_);
}

Index CommonUsers::bytes(Index items, EntryWeights weights, Counting counting) {
  const bool has_users = weights == EntryWeights::ones || counting == Counting::sums_and_users;
  const bool has_sums = weights == EntryWeights::integers;
  return items * static_cast<Index>((has_users ? sizeof(std::uint32_t) : 0) + (has_sums ? sizeof(std::int64_t) : 0));
}

void CommonUsers::begin(Index increments, Index reach) {
  reach_ = static_cast<std::size_t>(reach);
  lists_ = increments < reach / looks_per_increment;
  met_count_ = 0;
  // One more than ever counts, as each increment writes first and decides then.
  if (lists_ && met_.size() < items_ / looks_per_increment + 1) met_.resize(items_ / looks_per_increment + 1);
}

void CommonUsers::list(std::span<const LocalIndex> items) {
  if (met_.size() < met_count_ + items.size() + 1) met_.resize(2 * (met_count_ + items.size() + 1));
  LocalIndex* met = met_.data() + met_count_;
  if (weights_ == EntryWeights::ones) {
    for (const LocalIndex item : items) {
      *met = item;
      met += users_[static_cast<std::size_t>(item)] == 0 ? 1 : 0;
    }
  } else {
    for (const LocalIndex item : items) {
      *met = item;
      met += sums_[static_cast<std::size_t>(item)] == 0 ? 1 : 0;
    }
  }
  met_count_ = static_cast<std::size_t>(met - met_.data());
}

void CommonUsers::add(const UserItems& user, std::int32_t weight) {
  if (lists_) list(user.items);
  if (!users_.empty()) {
    std::uint32_t* users = users_.data();
    for (const LocalIndex item : user.items) ++users[item];
  }
  if (weights_ == EntryWeights::ones) return;
  std::int64_t* sums = sums_.data();
  const auto factor = std::int64_t{weight};
  for (std::size_t e = 0; e < user.items.size(); ++e) sums[user.items[e]] += factor * user.weights[e];
}

}  // namespace rankwise
