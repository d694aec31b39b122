#include "distributed/rows/select_rows.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise {

std::span<const Index> row_columns(const SparseRows& rows, Index row) {
  const auto begin = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(row)]);
  const auto end = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(row) + 1]);
  return std::span<const Index>(rows.columns).subspan(begin, end - begin);
}

Ids select_rows(const Ids& ids, std::span<const Index> positions) {
  return std::visit(
      [&](const auto& values) -> Ids {
        std::decay_t<decltype(values)> selected;
        for (const Index p : positions) selected.push_back(values[static_cast<std::size_t>(p)]);
        return selected;
      },
      ids);
}

SparseRows select_rows(const SparseRows& rows, std::span<const Index> positions) {
  SparseRows selected;
  selected.rows = {0, static_cast<Index>(positions.size())};
  selected.total_rows = selected.rows.size();
  selected.column_count = rows.column_count;
  for (const Index p : positions) {
    const Index begin = rows.offsets[static_cast<std::size_t>(p)];
    const Index end = rows.offsets[static_cast<std::size_t>(p) + 1];
    selected.columns.insert(selected.columns.end(), rows.columns.begin() + begin, rows.columns.begin() + end);
    selected.values.insert(selected.values.end(), rows.values.begin() + begin, rows.values.begin() + end);
    selected.offsets.push_back(static_cast<Index>(selected.columns.size()));
  }
  return selected;
}

Matrix select_rows(ConstMatrixView rows, std::span<const Index> positions) {
  Matrix selected(static_cast<Index>(positions.size()), rows.columns);
  for (Index r = 0; r < selected.rows(); ++r) {
    std::copy_n(rows.row(positions[static_cast<std::size_t>(r)]), rows.stride, selected.row(r));
  }
  return selected;
}

SparseRows renumber_columns(const SparseRows& rows, std::span<const Index> numbers, Index column_count) {
  SparseRows renumbered{
      .rows = rows.rows, .total_rows = rows.total_rows, .column_count = column_count, .columns = {}, .values = {}};
  std::vector<std::pair<Index, float>> entries;  // of a row
  for (Index r = 0; r < rows.rows.size(); ++r) {
    entries.clear();
    const auto end = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r) + 1]);
    for (auto e = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r)]); e < end; ++e) {
      const Index number = numbers[static_cast<std::size_t>(rows.columns[e])];
      if (number >= 0) entries.emplace_back(number, rows.values[e]);
    }
    std::ranges::sort(entries, {}, &std::pair<Index, float>::first);
    for (const auto& [column, value] : entries) {
      renumbered.columns.push_back(column);
      renumbered.values.push_back(value);
    }
    renumbered.offsets.push_back(static_cast<Index>(renumbered.columns.size()));
  }
  return renumbered;
}

SparseRows without_entries(SparseRows rows, std::span<const Index> without) {
  if (without.empty()) return rows;
  SparseRows rest{
      .rows = rows.rows, .total_rows = rows.total_rows, .column_count = rows.column_count, .columns = {}, .values = {}};
  auto next = without.begin();
  for (Index r = 0; r < rows.rows.size(); ++r) {
    const Index begin = rows.offsets[static_cast<std::size_t>(r)];
    const Index end = rows.offsets[static_cast<std::size_t>(r) + 1];
    const bool is_dropped = next != without.end() && *next == rows.rows.begin + r;
    if (is_dropped) {
      ++next;
    } else {
      rest.columns.insert(rest.columns.end(), rows.columns.begin() + begin, rows.columns.begin() + end);
      rest.values.insert(rest.values.end(), rows.values.begin() + begin, rows.values.begin() + end);
    }
    rest.offsets.push_back(static_cast<Index>(rest.columns.size()));
  }
  return rest;
}

}  // namespace rankwise
