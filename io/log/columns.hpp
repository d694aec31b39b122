#pragma once
// Which column of a log holds the user, the item, the value, the time and what else a row has.

#include <string>
#include <string_view>
#include <vector>

#include "io/log/format.hpp"

namespace rankwise {

/// True when `name` is a usual column name of any role ("user_id", "movieId", "rating", "timestamp", ...).
[[nodiscard]] bool is_common_column_name(std::string_view name);

/// True when `name` is a usual name of a column of user or item ids.
[[nodiscard]] bool is_id_column_name(std::string_view name);

/// True when `name` is a usual name of the column that holds users ("user_id", "CustomerID", ...).
[[nodiscard]] bool is_common_user_name(std::string_view name);

/// True when `name` is a usual name of the column that holds items ("movieId", "sku", ...).
[[nodiscard]] bool is_common_item_name(std::string_view name);

/// True when `name` is "id", as exports name the column of ids of any kind.
[[nodiscard]] bool is_plain_id_name(std::string_view name);

/// The 0-based column that `column` names in `header`, or numbers from 1 up to `fields`. `header` is empty where the
/// file has none. Throws Error(usage) that lists the columns there are and the nearest.
[[nodiscard]] int find_column(const std::string& column, const std::vector<std::string>& header, int fields);

/// Columns by the user's choice: names of `header`, or 1-based numbers up to `fields`. `header` is empty where the file
/// has none. Throws Error(usage) that lists the columns there are.
[[nodiscard]] ColumnNumbers find_columns(const ColumnChoice& choice, const std::vector<std::string>& header,
                                         int fields);

/// Where the columns of a condition are, in the same way.
void find_condition_columns(const RowCondition& condition, const std::vector<std::string>& header, int fields,
                            ColumnNumbers& columns);

/// Columns by their usual names. Throws Error(usage) when user or item are not found, or a role is found twice.
[[nodiscard]] ColumnNumbers guess_columns(const std::vector<std::string>& header);

}  // namespace rankwise
