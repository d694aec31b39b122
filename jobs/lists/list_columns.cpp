#include "jobs/lists/list_columns.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "distributed/tables/select_values.hpp"
#include "io/tables/table_file.hpp"
#include "jobs/recommend/rules/item_columns.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

std::vector<TableColumns::Kept> parse_list_columns(std::string_view text) {
  TableColumns columns = parse_table_columns("--columns", text);
  if (!columns.id.empty()) {
    throw Error(ExitCode::usage,
                fmt::format("--columns '{}': lists have ids anyway; expected NAME=COLUMN, not id=", text));
  }
  constexpr std::array<std::string_view, 9> taken{"user",        "rank",    "item",         "score",       "source",
                                                  "probability", "because", "similar_item", "similar_user"};
  for (const TableColumns::Kept& column : columns.kept) {
    if (!can_be_column_name(column.name)) {
      throw Error(ExitCode::usage,
                  fmt::format("--columns {}: {} is no name of a column; expected UTF-8 without a slash", shown(text),
                              shown(column.name)));
    }
    if (column.name.starts_with("because_") || column.name.starts_with("share_")) {
      throw Error(ExitCode::usage,
                  fmt::format("--columns '{}': names of columns that begin with because_ or share_ are "
                              "those of --explain; expected another name, such as item_{}={}",
                              text, column.name, column.source));
    }
    if (std::ranges::find(taken, column.name) == taken.end()) continue;
    throw Error(ExitCode::usage, fmt::format("--columns '{}': lists have a column {} anyway; expected another name, "
                                             "such as item_{}={}",
                                             text, column.name, column.name, column.source));
  }
  return columns.kept;
}

std::vector<TableColumn> read_list_columns(const std::string& text, const JobContext& context, const ItemSpace& space) {
  return text.empty() ? std::vector<TableColumn>() : read_list_columns(parse_list_columns(text), context, space);
}

std::vector<TableColumn> read_list_columns(const std::vector<TableColumns::Kept>& kept, const JobContext& context,
                                           const ItemSpace& space) {
  std::vector<TableColumn> columns;
  if (kept.empty()) return columns;
  std::vector<Index> dataset_rows(static_cast<std::size_t>(space.model_items), -1);
  for (Index item = 0; item < space.items; ++item) {
    const Index row = space.model_row(item);
    if (row >= 0) dataset_rows[static_cast<std::size_t>(row)] = item;
  }
  const ItemColumns table(context.comm, space.path, "--columns", context.common.input_check);
  return agree_on(context.comm, [&] {
    for (const TableColumns::Kept& column : kept) {
      columns.push_back({column.name, select_values(table.values(column.source), dataset_rows)});
    }
    return columns;
  });
}

}  // namespace rankwise
