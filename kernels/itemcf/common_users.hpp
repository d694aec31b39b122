#pragma once
// What one item has in common with all others: sums over its users, row by row, into a dense array of integers, so that
// they are exact in any order.

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// What entries weigh: 1 each, or integers of magnitude at most largest_weight.
enum class EntryWeights { ones, integers };

/// Sums of products then hold 2^31 entries.
inline constexpr std::int32_t largest_weight = 1 << 16;

/// A user's items; weights of EntryWeights::integers. No item twice.
struct UserItems {
  std::span<const LocalIndex> items;
  std::span<const std::int32_t> weights = {};
};

/// The sums of one item at a time. Most often used counters should be side by side, hence items be numbered by
/// popularity: then most of what is counted stays in the first cache.
class CommonUsers {
 public:
  /// Over `items` items. `counts_users`: whether users are counted beside weights.
  enum class Counting { sums, sums_and_users };
  CommonUsers(Index items, EntryWeights weights, Counting counting);

  /// Bytes of so many items.
  [[nodiscard]] static Index bytes(Index items, EntryWeights weights, Counting counting);

  /// Before the first user of an item, who will only have some of the first `reach` items; `increments`: how many are
  /// to come, as a hint: few of them are listed, of many all these items are looked through.
  void begin(Index increments, Index reach);
  /// Of all items.
  void begin(Index increments) { begin(increments, static_cast<Index>(items_)); }
  /// A user with this weight of the item. Order does not matter.
  void add(const UserItems& user, std::int32_t weight);

  /// The sum with another item: sum over users of w_ui w_uj.
  [[nodiscard]] std::int64_t sum(Index item) const {
    const auto i = static_cast<std::size_t>(item);
    return weights_ == EntryWeights::ones ? std::int64_t{users_[i]} : sums_[i];
  }

  /// Calls visit(item, sum, users) for every item whose sum is not 0, in no promised order, and sets all to 0 again.
  /// Users are 0 if they are not counted.
  template <class Visit>
  void drain(Visit&& visit) {
    if (weights_ == EntryWeights::ones) {
      for_each_met([&](std::size_t i) {
        if (users_[i] != 0) visit(static_cast<Index>(i), std::int64_t{users_[i]}, Index{users_[i]});
        users_[i] = 0;
      });
      return;
    }
    const bool counts = !users_.empty();
    for_each_met([&](std::size_t i) {
      if (sums_[i] != 0) visit(static_cast<Index>(i), sums_[i], counts ? Index{users_[i]} : Index{0});
      sums_[i] = 0;
      if (counts) users_[i] = 0;
    });
  }

 private:
  template <class Visit>
  void for_each_met(Visit&& visit) {
    if (lists_) {
      for (std::size_t m = 0; m < met_count_; ++m) visit(static_cast<std::size_t>(met_[m]));
    } else {
      for (std::size_t i = 0; i < reach_; ++i) visit(i);
    }
    met_count_ = 0;
  }
  void list(std::span<const LocalIndex> items);

  EntryWeights weights_;
  std::size_t items_;
  std::size_t reach_ = items_;
  std::vector<std::uint32_t> users_;  ///< of each item, if they are counted
  std::vector<std::int64_t> sums_;    ///< of each item, of integer weights
  bool lists_ = false;
  std::vector<LocalIndex> met_;  ///< items that have been met; some perhaps twice
  std::size_t met_count_ = 0;
};

}  // namespace rankwise
