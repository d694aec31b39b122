#pragma once
// Which rows of a table in a file fulfil a condition.

#include <string>
#include <vector>

#include "distributed/tables/table.hpp"
#include "io/conditions/condition.hpp"
#include "io/tables/table_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The column's values, whatever its type is. Throws Error(bad_data).
[[nodiscard]] ColumnValues read_values(const TableReader& table, const std::string& column, RowRange rows);

/// Of each of `rows`, whether it fulfils the condition. A missing value is empty, and nothing else is. Reads the
/// condition's columns block by block, one block also of no rows. Throws Error(bad_data) for a column that the table
/// does not have.
[[nodiscard]] std::vector<bool> fulfilled_rows(const TableReader& table, const RowCondition& condition, RowRange rows);

/// Of each of `rows`, whether all of its values are missing, as those of ids are of which nobody has written a row.
/// Throws Error(bad_data).
[[nodiscard]] std::vector<bool> rows_without_values(const TableReader& table, RowRange rows);

}  // namespace rankwise
