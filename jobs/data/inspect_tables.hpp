#pragma once
// What `rankwise inspect` says of tables of items and users.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "distributed/tables/table.hpp"
#include "io/hdf5/describe_file.hpp"
#include "io/hdf5/input_check.hpp"

namespace rankwise {

struct ColumnSummary {
  std::string name;
  ColumnType type = ColumnType::text;
  Index categories = 0;  ///< of a category
  Index missing = 0;     ///< rows without a value
};

struct TableSummary {
  std::string group;
  Index rows = 0;
  std::vector<ColumnSummary> columns;
};

/// Of all tables that this program has written into the file. Local; throws Error(bad_data).
[[nodiscard]] std::vector<TableSummary> summarize_tables(const std::string& path, const FileDescription& file,
                                                         InputCheck check);

/// Lines for people, and the same for machines.
[[nodiscard]] std::string tables_text(const std::vector<TableSummary>& tables);
[[nodiscard]] nlohmann::ordered_json tables_json(const std::vector<TableSummary>& tables);

}  // namespace rankwise
