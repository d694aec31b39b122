#pragma once
// Who was where last quarter: the same customers in both divisions.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "jobs/segments/measures/groups.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Customers of a quarter, each in a group; this rank's.
struct GroupedCustomers {
  const IdRows& ids;
  const Groups& groups;
  std::vector<double> money;  ///< empty: not known
};

/// A cell of the table; nothing where it is not printed.
struct MigrationCell {
  std::optional<Index> customers;
  std::optional<double> money_before;
  std::optional<double> money_now;
};

/// Rows: groups of now, then the lost, then all. Columns: groups of last quarter, then the new, then all.
struct Migration {
  std::size_t rows = 0;  ///< groups of now
  std::size_t columns = 0;
  std::vector<MigrationCell> cells;  ///< (rows + 2) x (columns + 2), row by row
  bool has_money_before = false;
  bool has_money_now = false;
  Index hidden = 0;                        ///< cells of customers that are not printed
  std::vector<std::ptrdiff_t> match;       ///< of each group of now, last quarter's segment of the same kind of
                                           ///< customers; -1: none
  std::vector<std::int32_t> group_before;  ///< of this rank's customers of now; -1: new

  [[nodiscard]] const MigrationCell& at(std::size_t row, std::size_t column) const {
    return cells[row * (columns + 2) + column];
  }
};

enum class Matching {
  common_customers,  ///< pairs have as many customers in common as possible (best_assignment), and `least` at least
                     ///< each
  keys               ///< segments of one key are the same
};

/// Every customer of either quarter is in one cell.
/// Groups' sizes are printed elsewhere; `published_money`: what is printed elsewhere of the groups' money of now, and
/// of all. Collective over comm.
[[nodiscard]] Migration measure_migration(const Communicator& comm, const GroupedCustomers& now,
                                          const GroupedCustomers& before, Matching matching,
                                          const std::vector<std::optional<double>>& published_money, Index least);

/// Of each group, customers of both quarters who have not ordered since `last_seconds`; nothing where it is not
/// printed. `last_order_seconds`: of this rank's customers of now. Collective over comm.
[[nodiscard]] std::vector<std::optional<Index>> count_sleeping(const Communicator& comm, const Groups& now,
                                                               const Migration& migration,
                                                               const std::vector<double>& last_order_seconds,
                                                               double last_seconds, Index least);

}  // namespace rankwise
