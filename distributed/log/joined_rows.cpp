#include "distributed/log/joined_rows.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

struct Entry {
  Index column;
  float value;
};

/// Calls visit(column, value) for the entries of a row, in their order.
template <class Visit>
void for_each_entry(const SparseRows& rows, Index row, const Visit& visit) {
  const auto end = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(row) + 1]);
  for (auto e = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(row)]); e < end; ++e) {
    visit(rows.columns[e], rows.values[e]);
  }
}

/// Gives the entries of repeated pairs, which are in two parts with Repeats::keep, their values; leaves one of each or
/// none.
void take_repeated(std::vector<Entry>& row, const SparseRows& repeated, Index index, const MergeRules& rules,
                   RepeatedPairs pairs) {
  for_each_entry(repeated, index, [&](Index column, float value) {
    const auto place = std::ranges::lower_bound(row, column, {}, &Entry::column);
    const bool is_in_none = place == row.end() || place->column != column;
    if (is_in_none && pairs == RepeatedPairs::in_any_or_none) {
      if (rules.accept(static_cast<double>(value))) row.insert(place, {column, value});
      return;
    }
    if (is_in_none) {
      throw Error(ExitCode::bad_data, fmt::format("a repeated pair is in no part (row {}, column {})",
                                                  repeated.rows.begin + index, column));
    }
    place->value = value;
    const bool is_twice = place + 1 != row.end() && (place + 1)->column == column;
    if (is_twice && rules.repeats == Repeats::keep) row.erase(place + 1);
    if (!rules.accept(static_cast<double>(value))) row.erase(place);
  });
}

}  // namespace

SparseRows join_rows(std::span<const JoinedPart> parts, const std::optional<SparseRows>& repeated,
                     const MergeRules& rules, RepeatedPairs pairs) {
  const RowRange rows = parts.empty() ? RowRange{} : parts.front().rows.rows;
  SparseRows joined{.rows = rows, .total_rows = rows.size(), .column_count = 0, .columns = {}, .values = {}};
  std::size_t most = 0;
  for (const JoinedPart& part : parts) most += part.rows.columns.size();
  joined.columns.reserve(most);
  joined.values.reserve(most);
  std::vector<Entry> row;
  for (Index r = 0; r < rows.size(); ++r) {
    row.clear();
    for (const JoinedPart& part : parts) {
      for_each_entry(part.rows, r, [&](Index column, float value) {
        row.push_back({part.columns_before + column, value});
      });
    }
    std::ranges::stable_sort(row, {}, &Entry::column);
    if (repeated) take_repeated(row, *repeated, r, rules, pairs);
    const auto twice = std::ranges::adjacent_find(row, {}, &Entry::column);
    if (twice != row.end()) {
      throw Error(ExitCode::bad_data,
                  fmt::format("a pair is in two parts and not among the repeated ones (row {}, column {})",
                              rows.begin + r, twice->column));
    }
    for (const Entry& entry : row) {
      joined.columns.push_back(entry.column);
      joined.values.push_back(entry.value);
    }
    joined.offsets.push_back(static_cast<Index>(joined.columns.size()));
  }
  return joined;
}

void append_rows(SparseRows& rows, const SparseRows& more) {
  const Index before = rows.offsets.back();
  for (std::size_t r = 1; r < more.offsets.size(); ++r) rows.offsets.push_back(before + more.offsets[r]);
  rows.columns.insert(rows.columns.end(), more.columns.begin(), more.columns.end());
  rows.values.insert(rows.values.end(), more.values.begin(), more.values.end());
}

}  // namespace rankwise
