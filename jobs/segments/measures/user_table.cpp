#include "jobs/segments/measures/user_table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/points/point_format.hpp"

namespace rankwise {

namespace {

/// Texts describe nobody but one: they are left out.
Table without_texts(Table table) {
  std::erase_if(table.columns, [](const TableColumn& column) { return column.type() == ColumnType::text; });
  return table;
}

ColumnValues fetched(const Communicator& comm, const ColumnValues& values, const std::vector<Index>& rows,
                     RowRange mine) {
  if (const auto* categories = std::get_if<Categories>(&values)) {
    return Categories{values_at_rows<std::int32_t>(comm, rows, mine, categories->codes, Categories::missing),
                      categories->categories};
  }
  constexpr double not_known = std::numeric_limits<double>::quiet_NaN();
  return values_at_rows<double>(comm, rows, mine, std::get<Numbers>(values), not_known);
}

}  // namespace

UserTable read_users(const Communicator& comm, const std::string& path, InputCheck check) {
  if (detect_points(comm, path) == PointFormat::text) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: is a text file; expected the HDF5 file that profile writes "
                                                      "with --output FILE.h5, or a dataset of prepare --users FILE",
                                                      path));
  }
  const DatasetTablesReader tables(comm, path, check);
  if (!tables.users()) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: holds no table of users; expected a file of profile, or a dataset of prepare "
                                  "--users FILE",
                                  path));
  }
  const Index users = tables.users()->rows();
  const Index heldout = tables.heldout_users() ? tables.heldout_users()->rows() : 0;
  const RowRange mine = Partition::by_count(users + heldout, comm.size()).range(comm.rank());
  std::optional<Table> table = read_user_table(comm, path, mine, check);
  Texts ids = agree_on(comm, [&] {
    Texts texts = tables.users()->index({std::min(mine.begin, users), std::min(mine.end, users)});
    if (heldout > 0) {
      std::ranges::move(
          tables.heldout_users()->index({std::max(mine.begin - users, Index{0}), std::max(mine.end - users, Index{0})}),
          std::back_inserter(texts));
    }
    return texts;
  });
  return {{mine, users + heldout, std::move(ids)}, without_texts(*std::move(table))};
}

MatchedTable match_users(const Communicator& comm, const UserTable& users, const IdRows& ids) {
  const std::vector<Index> rows = find_rows_by_id(comm, ids, users.ids);
  MatchedTable matched{{ids.rows, ids.total_rows, {}},
                       comm.sum(std::ranges::count_if(rows, [](Index row) { return row >= 0; }))};
  for (const TableColumn& column : users.table.columns)
    matched.table.columns.push_back({column.name, fetched(comm, column.values, rows, users.ids.rows)});
  return matched;
}

}  // namespace rankwise
