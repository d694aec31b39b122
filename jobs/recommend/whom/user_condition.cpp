#include "jobs/recommend/whom/user_condition.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

#include "distributed/rows/partition.hpp"
#include "io/conditions/condition_text.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/tables/table_condition.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/nearest_name.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

/// Throws Error(usage) that names the nearest column.
void require_columns(const TableReader& table, const RowCondition& condition, const std::string& path) {
  std::vector<std::string> names;
  std::vector<std::string> listed;
  for (const TableColumnInfo& column : table.columns()) {
    names.push_back(column.name);
    listed.push_back(shown(column.name));
  }
  for (const std::string& column : condition.columns()) {
    if (std::ranges::find(names, column) != names.end()) continue;
    const std::string nearest = nearest_name(column, names);
    throw Error(ExitCode::usage,
                fmt::format("--where-users: the table of users of {} has no column {}{}; its columns are {}", path,
                            shown(column), nearest.empty() ? "" : fmt::format(", the nearest is {}", shown(nearest)),
                            fmt::join(listed, ", ")));
  }
}

/// Of a part of the users.
struct Fulfilled {
  std::vector<std::int32_t> users;
  Index count = 0;
  Index without_row = 0;
};

/// The users of one table, which are `begin` and those behind it of all users, as far as they are among `mine`.
void add_rows(const TableReader& table, const RowCondition& condition, Index begin, RowRange mine, Fulfilled& found) {
  const Index end = begin + table.rows();
  const RowRange rows{std::clamp(mine.begin, begin, end) - begin, std::clamp(mine.end, begin, end) - begin};
  const std::vector<bool> fulfilled = fulfilled_rows(table, condition, rows);
  const std::vector<bool> is_empty = rows_without_values(table, rows);
  for (std::size_t row = 0; row < fulfilled.size(); ++row) {
    const bool counts = fulfilled[row] && !is_empty[row];
    found.users.push_back(counts ? 1 : 0);
    found.count += counts ? 1 : 0;
    found.without_row += is_empty[row] ? 1 : 0;
  }
}

}  // namespace

std::vector<std::int32_t> users_that_fulfil(JobContext& context, const std::string& condition,
                                            const UserHistories& histories, const std::string& data_path) {
  const Communicator& comm = context.comm;
  const DatasetReader& dataset = histories.dataset();
  const DatasetTablesReader tables(comm, data_path, context.common.input_check);
  if (!tables.users()) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: has no table of users, which --where-users needs; prepare --users stores one", data_path));
  }
  Fulfilled found = agree_on(comm, [&] {
    const RowCondition parsed = parse_condition("--where-users", condition);
    require_columns(*tables.users(), parsed, data_path);
    const RowRange mine = Partition::by_count(dataset.users(), comm.size()).range(comm.rank());
    Fulfilled rows;
    add_rows(*tables.users(), parsed, 0, mine, rows);
    if (tables.heldout_users()) add_rows(*tables.heldout_users(), parsed, tables.users()->rows(), mine, rows);
    // Users held out whole of whom the file has no table.
    rows.without_row += mine.size() - std::ssize(rows.users);
    rows.users.resize(static_cast<std::size_t>(mine.size()));
    return rows;
  });
  found.count = comm.sum(found.count);
  found.without_row = comm.sum(found.without_row);
  if (found.without_row > 0) {
    context.report.warning(fmt::format("{} {} no row in the table of users: --where-users leaves {} out",
                                       counted(found.without_row, "user"), verb(found.without_row, "has", "have"),
                                       verb(found.without_row, "it", "them")));
  }
  const Index new_users = id_count(histories.new_ids());
  if (new_users > 0) {
    context.report.warning(fmt::format("{} of --log {} not in the table of users: --where-users leaves {} out",
                                       counted(new_users, "user"), verb(new_users, "is", "are"),
                                       verb(new_users, "it", "them")));
  }
  context.report.line(fmt::format("--where-users: {} of {} {} it", found.count, counted(dataset.users(), "user"),
                                  verb(found.count, "fulfils", "fulfil")));
  context.report.event("users_condition", {{"users", dataset.users()},
                                           {"fulfilled", found.count},
                                           {"without_row", found.without_row},
                                           {"log_users_without_row", new_users}});
  if (found.count == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("--where-users: no user of {} fulfils it; expected at least one", data_path));
  }
  return std::move(found.users);
}

}  // namespace rankwise
