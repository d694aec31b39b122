#include "jobs/segments/customer_list.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <variant>

#include "io/files/commit.hpp"
#include "io/text/csv_field.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

std::vector<TableColumn> listed_columns(const Quarter& quarter, const std::vector<std::string>& names,
                                        const std::string& path) {
  std::vector<TableColumn> columns;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(quarter.columns, name, &TableColumn::name);
    if (found == quarter.columns.end() || found->type() != ColumnType::category) {
      throw AgreedError(
          ExitCode::bad_data,
          fmt::format("{}: --export-columns {}: {}; expected a column of categories of the table of users", path, name,
                      found == quarter.columns.end() ? "there is no such column" : "its type is another"));
    }
    columns.push_back(*found);
  }
  return columns;
}

void write_customers(JobContext& context, const std::string& path, const Quarter& quarter, const Groups& groups,
                     const std::vector<TableColumn>& columns, const AnonymousRows& rows, Index least) {
  std::string text;
  if (context.comm.is_root()) {
    text = "id,segment";
    for (const TableColumn& column : columns) text += "," + csv_field(column.name);
    text += "\n";
  }
  for (std::size_t row = 0; row < groups.of_row.size(); ++row) {
    text += csv_field(id_text(quarter.ids.ids, static_cast<Index>(row))) + "," +
            csv_field(groups.list[static_cast<std::size_t>(groups.of_row[row])].name);
    for (const TableColumn& column : columns) {
      text += ",";
      if (rows.keeps_values[row] != 0) text += csv_field(value_text(column.values, static_cast<Index>(row)));
    }
    text += "\n";
  }
  write_text_in_rank_order(context.comm, path, text);
  context.report.line(fmt::format("wrote {}", path));
  if (rows.withheld > 0) {
    context.report.warning(
        fmt::format("{}: the values of {} are empty, since fewer than {} customers of a segment share "
                    "them, or to hide such",
                    path, counted(rows.withheld, "customer"), least));
  }
}

}  // namespace rankwise
