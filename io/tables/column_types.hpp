#pragma once
// What a column of a table holds, by a look at all of its fields.

#include <optional>
#include <string>
#include <vector>

#include "distributed/tables/table.hpp"

namespace rankwise {

/// The fields of one column, one a row; empty: missing.
struct ColumnFields {
  std::string name;
  std::vector<std::string> fields;
  bool may_have_decimal_commas = false;
};

/// The column as `type`, or by its look: numbers if all fields are, in a form that loses nothing (no zeros in front, no
/// whole number beyond 2^53); categories if each of the different texts is in two rows or more on average; else texts.
/// A column without any field is of numbers. `lines` are those of the rows, for messages. Throws Error(bad_data) with
/// line and name if a field is no finite number and `type` is number.
[[nodiscard]] TableColumn typed_column(ColumnFields column, const std::vector<Index>& lines,
                                       std::optional<ColumnType> type);

}  // namespace rankwise
