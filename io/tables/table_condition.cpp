#include "io/tables/table_condition.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>

#include "io/text/missing_values.hpp"

namespace rankwise {

namespace {

constexpr Index block_rows = Index{1} << 16;

bool is_missing(const ColumnValues& values, std::size_t row) {
  if (const auto* words = std::get_if<Categories>(&values)) return words->codes[row] == Categories::missing;
  if (const auto* numbers = std::get_if<Numbers>(&values)) return std::isnan((*numbers)[row]);
  return std::get<Texts>(values)[row].empty();
}

}  // namespace

ColumnValues read_values(const TableReader& table, const std::string& column, RowRange rows) {
  switch (table.column(column).type) {
    case ColumnType::category:
      return Categories{table.codes(column, rows), table.column(column).categories};
    case ColumnType::number:
      return table.numbers(column, rows);
    case ColumnType::text:
      break;
  }
  return table.texts(column, rows);
}

std::vector<bool> fulfilled_rows(const TableReader& table, const RowCondition& condition, RowRange rows) {
  const MissingValues only_empty("none");
  std::vector<int> places(condition.columns().size());
  std::iota(places.begin(), places.end(), 0);
  std::vector<bool> fulfilled;
  for (Index first = rows.begin; first < std::max(rows.end, rows.begin + 1); first += block_rows) {
    const RowRange block{first, std::min(first + block_rows, rows.end)};
    std::vector<ColumnValues> columns;
    for (const std::string& column : condition.columns()) columns.push_back(read_values(table, column, block));
    std::vector<std::string> texts(columns.size());
    std::vector<std::string_view> fields(columns.size());
    for (Index row = 0; row < block.size(); ++row) {
      for (std::size_t c = 0; c < columns.size(); ++c) fields[c] = texts[c] = value_text(columns[c], row);
      fulfilled.push_back(condition.holds({fields, places, only_empty}));
    }
  }
  return fulfilled;
}

std::vector<bool> rows_without_values(const TableReader& table, RowRange rows) {
  std::vector<bool> without(static_cast<std::size_t>(rows.size()), true);
  for (Index first = rows.begin; first < rows.end; first += block_rows) {
    const RowRange block{first, std::min(first + block_rows, rows.end)};
    const auto begin = without.begin() + (first - rows.begin);
    for (const TableColumnInfo& column : table.columns()) {
      // In most blocks the first columns say it all.
      if (std::find(begin, begin + block.size(), true) == begin + block.size()) break;
      const ColumnValues values = read_values(table, column.name, block);
      for (Index row = 0; row < block.size(); ++row) {
        if (!is_missing(values, static_cast<std::size_t>(row))) begin[row] = false;
      }
    }
  }
  return without;
}

}  // namespace rankwise
