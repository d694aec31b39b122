#include "jobs/segments/measures/migration.hpp"

#include <algorithm>
#include <limits>
#include <span>

#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "distributed/segments/code_counts.hpp"
#include "distributed/segments/group_sums.hpp"
#include "jobs/segments/measures/money.hpp"
#include "kernels/statistics/assignment.hpp"
#include "kernels/statistics/suppression.hpp"

namespace rankwise {

namespace {

/// Customers of now, then those that are lost, and the cell of each in a table without totals.
struct PlacedCustomers {
  std::vector<std::int32_t> cells;
  std::vector<double> money_before;
  std::vector<double> money_now;
  std::vector<std::int32_t> group_before;  ///< of those of now
};

PlacedCustomers place(const Communicator& comm, const GroupedCustomers& now, const GroupedCustomers& before) {
  const auto lost = static_cast<std::int32_t>(now.groups.count());
  const auto joined = static_cast<std::int32_t>(before.groups.count());
  PlacedCustomers placed;
  const std::vector<Index> rows = find_rows_by_id(comm, now.ids, before.ids);
  placed.group_before = values_at_rows<std::int32_t>(comm, rows, before.ids.rows, before.groups.of_row, -1);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::int32_t column = placed.group_before[row] < 0 ? joined : placed.group_before[row];
    placed.cells.push_back(now.groups.of_row[row] * (joined + 1) + column);
  }
  placed.money_now = now.money;
  const bool has_money_before = comm.max(std::ssize(before.money)) > 0;
  if (has_money_before) placed.money_before = values_at_rows<double>(comm, rows, before.ids.rows, before.money, 0.0);
  const std::vector<Index> found = find_rows_by_id(comm, before.ids, now.ids);
  for (std::size_t row = 0; row < found.size(); ++row) {
    if (found[row] >= 0) continue;
    placed.cells.push_back(lost * (joined + 1) + before.groups.of_row[row]);
    if (has_money_before) placed.money_before.push_back(before.money[row]);
  }
  if (comm.max(std::ssize(now.money)) > 0) placed.money_now.resize(placed.cells.size(), 0.0);
  return placed;
}

/// The table's sides: groups and, behind them, the lost or the new.
struct Sides {
  std::size_t rows;
  std::size_t columns;

  [[nodiscard]] std::size_t width() const { return columns + 1; }
  [[nodiscard]] std::size_t row_total(std::size_t row) const { return row * width() + columns; }
  [[nodiscard]] std::size_t column_total(std::size_t column) const { return rows * width() + column; }
  /// Nobody is lost and new.
  [[nodiscard]] std::size_t nobody() const { return (rows - 1) * width() + columns - 1; }
};

std::vector<TableCell> count_cells(const std::vector<Index>& counts, const Sides& sides, Index least, bool& is_safe) {
  std::vector<TableCell> cells = table_with_totals(counts, sides.rows, sides.columns);
  cells[sides.nobody()].state = Disclosure::published;
  for (std::size_t row = 0; row + 1 < sides.rows; ++row) cells[sides.row_total(row)].state = Disclosure::published;
  for (std::size_t column = 0; column + 1 < sides.columns; ++column)
    cells[sides.column_total(column)].state = Disclosure::published;
  hide_small_counts(cells, least);
  is_safe = hide_complements(cells) == 0;
  return cells;
}

/// Sums of the cells, and of the rows and columns of the table.
struct MoneyTable {
  GroupSums inside;
  GroupSums rows;
  GroupSums columns;
};

MoneyTable sum_money(const Communicator& comm, const std::vector<double>& money, const std::vector<std::int32_t>& cells,
                     const Sides& sides) {
  const FixedPointScale scale = scale_of(comm, money);
  std::vector<std::int32_t> rows;
  std::vector<std::int32_t> columns;
  for (const std::int32_t cell : cells) {
    rows.push_back(cell / static_cast<std::int32_t>(sides.columns));
    columns.push_back(cell % static_cast<std::int32_t>(sides.columns));
  }
  return {sum_by_group(comm, scale, money, cells, static_cast<Index>(sides.rows * sides.columns)),
          sum_by_group(comm, scale, money, rows, static_cast<Index>(sides.rows)),
          sum_by_group(comm, scale, money, columns, static_cast<Index>(sides.columns))};
}

/// Who has money in the table beside the cells: the lost have none now, the new had none before.
enum class MoneyOf { now, before };

std::vector<std::optional<double>> money_cells(const MoneyTable& money, const std::vector<TableCell>& counts,
                                               const Sides& sides, MoneyOf quarter,
                                               const std::vector<std::optional<double>>& published, Index least) {
  std::vector<TableCell> cells = table_with_totals(money.inside.sums, sides.rows, sides.columns);
  for (std::size_t row = 0; row < sides.rows; ++row) {
    for (std::size_t column = 0; column < sides.columns; ++column) {
      TableCell& cell = cells[row * sides.width() + column];
      const bool is_nobodys = quarter == MoneyOf::now ? row + 1 == sides.rows : column + 1 == sides.columns;
      if (is_nobodys) {
        cell.state = Disclosure::published;
      } else {
        const bool has_count = is_printed(counts[row * sides.width() + column].state);
        cell.state = disclosure_of(money.inside, row * sides.columns + column, least);
        if (cell.state == Disclosure::open && !has_count) cell.state = Disclosure::complement;
      }
    }
    cells[sides.row_total(row)].state = disclosure_of(money.rows, row, least);
  }
  for (std::size_t column = 0; column < sides.columns; ++column) {
    cells[sides.column_total(column)].state = disclosure_of(money.columns, column, least);
  }
  if (quarter == MoneyOf::now) {
    cells[sides.row_total(sides.rows - 1)].state = Disclosure::published;
    for (std::size_t row = 0; row + 1 < sides.rows; ++row) {  // as the segments' money is printed
      TableCell& total = cells[sides.row_total(row)];
      total.state = published[row] ? Disclosure::published : Disclosure::complement;
    }
    cells.back().state = published.back() ? Disclosure::published : Disclosure::complement;
  } else {
    cells[sides.column_total(sides.columns - 1)].state = Disclosure::published;
    cells.back().state = disclosure_of_total(money.rows, least);
  }
  const bool is_safe = hide_money_complements(cells);
  std::vector<std::optional<double>> printed;
  for (const TableCell& cell : cells) {
    const bool may_print = is_printed(cell.state) && (is_safe || cell.state == Disclosure::published);
    printed.push_back(may_print ? std::optional(money.inside.scale.from_fixed(cell.value)) : std::nullopt);
  }
  if (quarter == MoneyOf::before) return printed;
  for (std::size_t row = 0; row + 1 < sides.rows; ++row)
    printed[sides.row_total(row)] = published[row];  // to the last bit
  printed.back() = published.back();
  return printed;
}

/// Of each group of now the segment that it matches: pairs hold as many customers as possible, and at least `least`.
std::vector<std::ptrdiff_t> match_segments(const Groups& now, const Groups& before, const std::vector<Index>& counts,
                                           const Sides& sides, Index least) {
  std::vector<std::int64_t> common;
  for (std::size_t row = 0; row < now.list.size(); ++row) {
    for (std::size_t column = 0; column < before.list.size(); ++column) {
      const bool are_segments =
          now.list[row].kind == GroupKind::segment && before.list[column].kind == GroupKind::segment;
      common.push_back(are_segments ? counts[row * sides.columns + column] : 0);
    }
  }
  std::vector<std::ptrdiff_t> match = best_assignment(common, now.list.size(), before.list.size());
  for (std::size_t row = 0; row < match.size(); ++row) {
    if (match[row] < 0) continue;
    if (common[row * before.list.size() + static_cast<std::size_t>(match[row])] < least) match[row] = -1;
  }
  return match;
}

std::vector<std::ptrdiff_t> match_keys(const Groups& now, const Groups& before) {
  std::vector<std::ptrdiff_t> match;
  for (const Group& group : now.list) {
    const auto same = std::ranges::find_if(before.list, [&](const Group& other) {
      return group.kind == GroupKind::segment && other.kind == GroupKind::segment && group.key == other.key;
    });
    match.push_back(same == before.list.end() ? -1 : same - before.list.begin());
  }
  return match;
}

}  // namespace

Migration measure_migration(const Communicator& comm, const GroupedCustomers& now, const GroupedCustomers& before,
                            Matching matching, const std::vector<std::optional<double>>& published_money, Index least) {
  // 1. Each customer's cell, and how many are in each.
  const Sides sides{now.groups.list.size() + 1, before.groups.list.size() + 1};
  PlacedCustomers placed = place(comm, now, before);
  const std::vector<Index> counts = count_by_group(comm, placed.cells, static_cast<Index>(sides.rows * sides.columns));
  Migration migration;
  migration.rows = sides.rows - 1;
  migration.columns = sides.columns - 1;
  migration.match = matching == Matching::keys ? match_keys(now.groups, before.groups)
                                               : match_segments(now.groups, before.groups, counts, sides, least);
  migration.group_before = std::move(placed.group_before);

  // 2. What may be printed of customers; then of their money.
  bool is_safe = true;
  std::vector<TableCell> cells = count_cells(counts, sides, least, is_safe);
  for (std::size_t cell = 0; cell < cells.size(); ++cell) {
    if (!is_safe && cells[cell].state == Disclosure::open) cells[cell].state = Disclosure::complement;
    const bool is_shown = is_printed(cells[cell].state) && cell != sides.nobody();
    migration.hidden += is_shown || cell == sides.nobody() ? 0 : 1;
    migration.cells.push_back({is_shown ? std::optional(cells[cell].value) : std::nullopt, {}, {}});
  }
  const auto add_money = [&](const std::vector<double>& money, MoneyOf quarter, auto member) {
    if (comm.max(std::ssize(money)) == 0) return false;
    const std::vector<std::optional<double>> printed =
        money_cells(sum_money(comm, money, placed.cells, sides), cells, sides, quarter, published_money, least);
    for (std::size_t cell = 0; cell < printed.size(); ++cell) migration.cells[cell].*member = printed[cell];
    return true;
  };
  migration.has_money_before = add_money(placed.money_before, MoneyOf::before, &MigrationCell::money_before);
  migration.has_money_now = add_money(placed.money_now, MoneyOf::now, &MigrationCell::money_now);
  return migration;
}

std::vector<std::optional<Index>> count_sleeping(const Communicator& comm, const Groups& now,
                                                 const Migration& migration,
                                                 const std::vector<double>& last_order_seconds, double last_seconds,
                                                 Index least) {
  // Rows: who sleeps, who has ordered, who is new. The new are what the migration says of them.
  std::vector<std::int32_t> states;
  for (std::size_t row = 0; row < now.of_row.size(); ++row) {
    const bool is_new = migration.group_before[row] < 0;
    states.push_back(is_new ? 2 : last_order_seconds[row] <= last_seconds ? 0 : 1);
  }
  const std::size_t groups = now.list.size();
  std::vector<TableCell> cells = table_with_totals(count_codes(comm, states, now.of_row, now.count(), 3), 3, groups);
  hide_small_counts(cells, least);
  for (std::size_t group = 0; group <= groups; ++group) {
    TableCell& joined = cells[2 * (groups + 1) + group];
    const std::size_t row = group == groups ? migration.rows + 1 : group;
    if (migration.at(row, migration.columns).customers) {
      joined.state = Disclosure::published;
    } else if (is_printed(joined.state)) {
      joined.state = Disclosure::complement;
    }
    cells[3 * (groups + 1) + group].state = Disclosure::published;
  }
  const bool is_safe = hide_complements(cells) == 0;
  std::vector<std::optional<Index>> sleeping;
  for (std::size_t group = 0; group <= groups; ++group) {
    const bool is_shown = is_safe && is_printed(cells[group].state);
    sleeping.push_back(is_shown ? std::optional(cells[group].value) : std::nullopt);
  }
  return sleeping;
}

}  // namespace rankwise
