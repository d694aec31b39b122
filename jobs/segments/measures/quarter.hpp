#pragma once
// What is known of a quarter's customers: their log, their money, their columns.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/rows/id_rows.hpp"
#include "distributed/tables/table.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/run/job.hpp"
#include "jobs/segments/measures/user_table.hpp"

namespace rankwise {

/// All customers of a dataset, whatever part of it they are in; this rank's, by count.
struct Quarter {
  std::shared_ptr<const DatasetReader> dataset;
  IdRows ids;
  std::vector<double> money;               ///< NaN where missing; empty: not known
  std::vector<double> last_order_seconds;  ///< since 1970; empty: not known
  std::vector<TableColumn> columns;        ///< of categories and numbers
  Index without_profile = 0;               ///< customers of whom the table has no row
  Index unknown_rows = 0;                  ///< rows of the table whose customers the dataset does not know
};

/// Columns of `users` (if there is a table), then what the dataset itself says unless the table has such a column:
/// distinct_items, orders, money, recency_days (from a customer's last order to the end of the log). `money`: the
/// column of it; empty: the column `money`, if there is one. Collective over context.comm; throws AgreedError.
[[nodiscard]] Quarter read_quarter(const JobContext& context, const std::string& data,
                                   const std::optional<UserTable>& users, const std::string& money);

}  // namespace rankwise
