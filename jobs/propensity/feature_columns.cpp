#include "jobs/propensity/feature_columns.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <vector>

#include "distributed/rows/partition.hpp"
#include "io/tables/table_condition.hpp"
#include "jobs/run/compared_input.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

bool fits(std::string_view name, std::string_view pattern) {
  if (!pattern.ends_with('*')) return name == pattern;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

/// Names of the table, in its order, that some pattern of the list fits.
std::vector<std::string> chosen_names(const TableReader& table, const std::string& path, std::string_view list) {
  std::vector<std::string> patterns;
  for (std::size_t begin = 0; begin <= list.size() && !list.empty();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    patterns.emplace_back(trimmed(list.substr(begin, end - begin)));
    begin = end + 1;
  }
  std::vector<std::string> names;
  std::vector<bool> is_used(patterns.size());
  for (const TableColumnInfo& column : table.columns()) {
    bool is_chosen = patterns.empty();
    for (std::size_t p = 0; p < patterns.size(); ++p) {
      if (!fits(column.name, patterns[p])) continue;
      is_chosen = true;
      is_used[p] = true;
    }
    if (is_chosen) names.push_back(column.name);
  }
  const auto unused = std::ranges::find(is_used, false);
  if (unused == is_used.end()) return names;
  throw Error(ExitCode::bad_data, fmt::format("--columns: {} has no column {}", path,
                                              shown(patterns[static_cast<std::size_t>(unused - is_used.begin())])));
}

/// By the column `orders`; all if there is none.
std::vector<std::uint8_t> customers_of(const TableReader& table, RowRange rows) {
  std::vector<std::uint8_t> are(static_cast<std::size_t>(rows.size()), 1);
  const auto is_orders = [](const TableColumnInfo& column) {
    return column.name == "orders" && column.type == ColumnType::number;
  };
  if (std::ranges::none_of(table.columns(), is_orders)) return are;
  const Numbers orders = table.numbers("orders", rows);
  std::ranges::transform(orders, are.begin(),
                         [](double count) { return static_cast<std::uint8_t>(count > 0 ? 1 : 0); });
  return are;
}

std::optional<Table> recency_of(const TableReader& table, RowRange rows) {
  const std::string name = "recency_days";
  const auto is_it = [&](const TableColumnInfo& column) {
    return column.name == name && column.type == ColumnType::number;
  };
  if (std::ranges::none_of(table.columns(), is_it)) return std::nullopt;
  return Table{rows, table.rows(), {{name, table.numbers(name, rows)}}};
}

}  // namespace

ProfileRows read_profile_rows(const JobContext& context, const std::string& path, const std::string& columns) {
  const Communicator& comm = context.comm;
  const ProfileReader file(comm, path, context.common.input_check);
  warn_if_not_compared(context, file, path);
  if (file.users() == 0) throw AgreedError(ExitCode::bad_data, fmt::format("{}: holds no customers", path));
  const RowRange mine = Partition::by_count(file.users(), comm.size()).range(comm.rank());
  ProfileRows rows;
  rows.ids = file.user_ids(mine);
  rows.table = agree_on(comm, [&] {
    Table table{mine, file.users(), {}};
    for (const std::string& name : chosen_names(file.table(), path, columns))
      table.columns.push_back({name, read_values(file.table(), name, mine)});
    return table;
  });
  rows.recency = agree_on(comm, [&] { return recency_of(file.table(), mine); });
  rows.are_customers = agree_on(comm, [&] { return customers_of(file.table(), mine); });
  rows.customers = comm.sum(static_cast<Index>(std::ranges::count(rows.are_customers, 1)));
  rows.analysis_day = file.analysis_day();
  rows.provenance = file.provenance();
  return rows;
}

}  // namespace rankwise
