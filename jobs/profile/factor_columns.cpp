#include "jobs/profile/factor_columns.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <vector>

#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "io/model/model.hpp"

namespace rankwise {

namespace {

/// The model's row of each of these users; -1 if its training does not know the user. Collective.
std::vector<Index> trained_rows(const Communicator& comm, const ModelReader& model, const IdRows& users,
                                RowRange mine) {
  std::vector<Index> rows = find_rows_by_id(comm, users, model.user_ids(mine));
  const std::vector<Index> entries = model.user_entries(mine);
  const std::vector<Index> of_users = values_at_rows<Index>(comm, rows, mine, entries, 0);
  for (std::size_t user = 0; user < rows.size(); ++user) {
    if (of_users[user] == 0) rows[user] = -1;
  }
  return rows;
}

}  // namespace

Index add_factor_columns(const JobContext& context, const std::string& path, const IdRows& users,
                         CustomerColumns& columns) {
  const Communicator& comm = context.comm;
  const ModelReader model(comm, path, context.common.input_check);
  const RowRange mine = Partition::by_count(model.users(), comm.size()).range(comm.rank());
  const std::vector<Index> rows = trained_rows(comm, model, users, mine);
  const Index known = comm.sum(static_cast<Index>(std::ranges::count_if(rows, [](Index row) { return row >= 0; })));
  if (known == 0) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("--factors: {} knows none of the users; expected a model of the same customers", path));
  }
  const Matrix factors = model.user_factors(mine);
  std::vector<float> values(static_cast<std::size_t>(mine.size()));
  for (Index factor = 0; factor < model.factors(); ++factor) {
    for (std::size_t row = 0; row < values.size(); ++row) values[row] = factors.row(static_cast<Index>(row))[factor];
    const std::vector<float> of_users =
        values_at_rows<float>(comm, rows, mine, values, std::numeric_limits<float>::quiet_NaN());
    columns.add(fmt::format("factor_{}", factor + 1), "factor of the model's users",
                Numbers(of_users.begin(), of_users.end()));
  }
  return users.total_rows - known;
}

}  // namespace rankwise
