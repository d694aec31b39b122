#include "jobs/segments/measures/anonymous_rows.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "distributed/comm/key_exchange.hpp"

namespace rankwise {

namespace {

/// A group and codes of its customers' values, as text of equal order on all ranks.
std::string combination_of(const Groups& groups, const std::vector<TableColumn>& columns, std::size_t row) {
  std::string text = std::to_string(groups.of_row[row]);
  for (const TableColumn& column : columns)
    text += "," + std::to_string(std::get<Categories>(column.values).codes[row]);
  return text;
}

using Counts = std::map<std::string, Index, std::less<>>;

/// Over all ranks.
Counts count_combinations(const Communicator& comm, const std::vector<std::string>& rows) {
  Counts mine;
  for (const std::string& row : rows) ++mine[row];
  std::vector<std::string_view> keys;
  std::vector<Index> counts;
  for (const auto& [key, count] : mine) {
    keys.push_back(key);
    counts.push_back(count);
  }
  const auto all_keys = gather_keys(comm, std::span<const std::string_view>(keys));
  const std::vector<Index> all_counts = comm.all_gather_varied(std::span<const Index>(counts)).values;
  Counts all;
  for (std::size_t place = 0; place < all_counts.size(); ++place)
    all[std::string(all_keys.keys[place])] += all_counts[place];
  return all;
}

std::int32_t group_of(std::string_view combination) {
  return static_cast<std::int32_t>(std::stol(std::string(combination.substr(0, combination.find(',')))));
}

/// Combinations of which no row keeps its values.
std::set<std::string_view> withheld_combinations(const Counts& counts, std::size_t groups, Index least) {
  std::vector<std::vector<std::pair<Index, std::string_view>>> by_group(groups);
  for (const auto& [combination, count] : counts)
    by_group[static_cast<std::size_t>(group_of(combination))].emplace_back(count, combination);
  std::set<std::string_view> withheld;
  for (auto& combinations : by_group) {
    std::ranges::sort(combinations);
    Index customers = 0;
    for (const auto& [count, combination] : combinations) {
      if (count >= least && (customers == 0 || customers >= least)) break;
      withheld.insert(combination);
      customers += count;
    }
  }
  return withheld;
}

}  // namespace

AnonymousRows anonymous_rows(const Communicator& comm, const Groups& groups, const std::vector<TableColumn>& columns,
                             Index least) {
  std::vector<std::string> rows;
  for (std::size_t row = 0; row < groups.of_row.size(); ++row) rows.push_back(combination_of(groups, columns, row));
  const Counts counts = count_combinations(comm, rows);
  const std::set<std::string_view> withheld = withheld_combinations(counts, groups.list.size(), least);
  AnonymousRows result;
  for (const std::string& row : rows) {
    result.keeps_values.push_back(withheld.contains(row) ? 0 : 1);
    result.withheld += withheld.contains(row) ? 1 : 0;
  }
  result.withheld = comm.sum(result.withheld);
  return result;
}

}  // namespace rankwise
