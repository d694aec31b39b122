#pragma once
// Held-out interactions by groups: of their item's popularity, of whether training knows it, of their time.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// One way to group held-out interactions.
struct Grouping {
  int groups = 0;
  std::vector<std::int8_t> of_place;  ///< of each entry of HeldoutRows::heldout; -1: in none
};

/// 0: the most popular items, which have a third of the training entries together, 1: the next, with the second third,
/// 2: the others. An item belongs to the third in which the entries of all items before it end. Items without a
/// training entry are in none.
[[nodiscard]] Grouping group_by_popularity(const Catalogue& catalogue, const HeldoutRows& rows);

/// 0: items with a training entry, 1: items without.
[[nodiscard]] Grouping group_by_known_item(const Catalogue& catalogue, const HeldoutRows& rows);

/// By a group of each item.
[[nodiscard]] Grouping group_by_item(int groups, std::span<const std::int8_t> of_item, const HeldoutRows& rows);

/// By the number of bounds that a time has reached; `times` and `bounds` ascending are of one unit.
[[nodiscard]] Grouping group_by_time(std::span<const std::int64_t> times, std::span<const std::int64_t> bounds);

/// Training entries of each user's history, by local row, as groups: 0, 1 to 10, 11 to 30, 31 to 100, above 100.
[[nodiscard]] std::vector<std::int8_t> activity_groups(const HeldoutRows& rows);
inline constexpr int activity_group_count = 5;

/// 0: users of whom training knows an item, 1: others; by local row.
[[nodiscard]] std::vector<std::int8_t> known_user_groups(const Catalogue& catalogue, const HeldoutRows& rows);

}  // namespace rankwise
