#pragma once
// Which columns of a table of items or users are kept, under which names and as which types.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/tables/table.hpp"

namespace rankwise {

/// Of whom a table speaks.
enum class TableSide { items, users };

/// "item" or "user", as options and messages begin.
[[nodiscard]] std::string_view side_name(TableSide side);

/// Names of the header, keys of JSON, or numbers from 1.
struct TableColumns {
  struct Kept {
    std::string name;    ///< in the dataset
    std::string source;  ///< in the file
  };
  std::string id;          ///< empty: by its usual name
  std::vector<Kept> kept;  ///< empty: all others
};

/// `id=product_id,title,price=Unit price`; throws Error(usage) that names the option.
[[nodiscard]] TableColumns parse_table_columns(std::string_view option, std::string_view text);

/// By name in the dataset.
using ColumnTypes = std::map<std::string, ColumnType, std::less<>>;

/// `price=number,brand=category`; throws Error(usage) that names the option and lists the types.
[[nodiscard]] ColumnTypes parse_column_types(std::string_view option, std::string_view text);

}  // namespace rankwise
