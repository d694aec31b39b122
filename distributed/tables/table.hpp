#pragma once
// What is known of each item or user: columns of categories, numbers or texts.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// In the order of ColumnValues.
enum class ColumnType { category, number, text };

/// "category", "number", "text".
[[nodiscard]] std::string_view column_type_name(ColumnType type);

/// Texts of which there are few different ones.
struct Categories {
  static constexpr std::int32_t missing = -1;
  std::vector<std::int32_t> codes;      ///< one a row: a place in `categories`, or `missing`
  std::vector<std::string> categories;  ///< all of the table's, bytewise ascending, each once
};
using Numbers = std::vector<double>;     ///< NaN: missing
using Texts = std::vector<std::string>;  ///< empty: missing
using ColumnValues = std::variant<Categories, Numbers, Texts>;

struct TableColumn {
  std::string name;
  ColumnValues values;

  [[nodiscard]] ColumnType type() const { return static_cast<ColumnType>(values.index()); }
};

/// A row's value as people read it: the category, the number in its shortest form, the text; empty: missing. `row` is
/// a place in `values`.
[[nodiscard]] std::string value_text(const ColumnValues& values, Index row);

/// Rows without a value.
[[nodiscard]] Index missing_count(const ColumnValues& values);

/// This rank's rows; columns have the same names, types and categories on every rank.
struct Table {
  RowRange rows;
  Index total_rows = 0;
  std::vector<TableColumn> columns;

  /// The column of this name; null if there is none.
  [[nodiscard]] const TableColumn* find(std::string_view name) const;
};

/// All rows of a table in the order in which somebody wrote them down, each with its id; no id twice.
struct ListedTable {
  std::vector<std::string> ids;
  std::vector<TableColumn> columns;
};

}  // namespace rankwise
