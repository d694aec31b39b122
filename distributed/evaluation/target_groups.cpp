#include "distributed/evaluation/target_groups.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "distributed/rows/select_rows.hpp"

namespace rankwise {

Grouping group_by_popularity(const Catalogue& catalogue, const HeldoutRows& rows) {
  const Index all = std::accumulate(catalogue.entries.begin(), catalogue.entries.end(), Index{0});
  std::vector<std::int8_t> of_item(catalogue.entries.size(), -1);
  Index before = 0;
  for (const Index item : catalogue.by_popularity) {
    if (catalogue.entries[static_cast<std::size_t>(item)] == 0) break;  // described by features; the last ones
    of_item[static_cast<std::size_t>(item)] = 3 * before < all ? 0 : 3 * before < 2 * all ? 1 : 2;
    before += catalogue.entries[static_cast<std::size_t>(item)];
  }
  return group_by_item(3, of_item, rows);
}

Grouping group_by_known_item(const Catalogue& catalogue, const HeldoutRows& rows) {
  std::vector<std::int8_t> of_item;
  for (const Index entries : catalogue.entries) of_item.push_back(entries > 0 ? 0 : 1);
  return group_by_item(2, of_item, rows);
}

Grouping group_by_item(int groups, std::span<const std::int8_t> of_item, const HeldoutRows& rows) {
  Grouping grouping{groups, {}};
  grouping.of_place.reserve(rows.heldout.columns.size());
  for (const Index item : rows.heldout.columns) grouping.of_place.push_back(of_item[static_cast<std::size_t>(item)]);
  return grouping;
}

Grouping group_by_time(std::span<const std::int64_t> times, std::span<const std::int64_t> bounds) {
  Grouping grouping{static_cast<int>(bounds.size()) + 1, {}};
  for (const std::int64_t time : times)
    grouping.of_place.push_back(static_cast<std::int8_t>(std::ranges::upper_bound(bounds, time) - bounds.begin()));
  return grouping;
}

std::vector<std::int8_t> activity_groups(const HeldoutRows& rows) {
  constexpr std::array<Index, activity_group_count - 1> most{0, 10, 30, 100};
  std::vector<std::int8_t> groups;
  for (Index row = 0; row < rows.seen.rows.size(); ++row) {
    const auto entries = static_cast<Index>(row_columns(rows.seen, row).size());
    groups.push_back(static_cast<std::int8_t>(std::ranges::lower_bound(most, entries) - most.begin()));
  }
  return groups;
}

std::vector<std::int8_t> known_user_groups(const Catalogue& catalogue, const HeldoutRows& rows) {
  std::vector<std::int8_t> groups;
  for (Index row = 0; row < rows.seen.rows.size(); ++row)
    groups.push_back(catalogue.knows(row_columns(rows.seen, row)) ? 0 : 1);
  return groups;
}

}  // namespace rankwise
