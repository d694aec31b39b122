#include "jobs/campaign/measure/printed_cells.hpp"

#include <cstdint>
#include <functional>

#include "kernels/statistics/suppression.hpp"

namespace rankwise {

namespace {

constexpr std::size_t groups_of_cell = 2;

/// One number of every cell of a group, with its totals.
using CellNumber = std::function<std::int64_t(const GroupOutcome&)>;

/// Marks as not printed what would give back a number of a cell that is not.
void hide_complements_of(const std::vector<GroupOutcome>& groups, std::size_t group, std::size_t rows,
                         std::size_t columns, const CellNumber& number, Index least_group, std::vector<char>& printed) {
  std::vector<std::int64_t> values;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column)
      values.push_back(number(groups[groups_of_cell * (row * (columns + 1) + column) + group]));
  }
  std::vector<TableCell> cells = table_with_totals(values, rows, columns);
  for (std::size_t place = 0; place < cells.size(); ++place) {
    if (printed[place] != 0) continue;
    cells[place].state = cells[place].value == 0 ? Disclosure::complement : Disclosure::hidden;
    cells[place].protection = least_group;
  }
  (void)hide_complements(cells);
  for (std::size_t place = 0; place < cells.size(); ++place) {
    if (!is_printed(cells[place].state)) printed[place] = 0;
  }
}

}  // namespace

bool is_printable(const GroupOutcome& group, bool is_money, Index least_group) {
  return group.sums.customers >= least_group && group.contributors >= least_group &&
         !(is_money && group.is_dominated());
}

std::vector<char> printed_cells(const std::vector<GroupOutcome>& groups, std::size_t rows, std::size_t columns,
                                bool is_money, Index least_group) {
  std::vector<char> printed;
  for (std::size_t place = 0; place < groups.size(); place += groups_of_cell) {
    printed.push_back(is_printable(groups[place], is_money, least_group) &&
                      is_printable(groups[place + 1], is_money, least_group));
  }
  // What hides a cell of one group hides it of the other, which may ask for more: until nothing changes.
  for (std::vector<char> before; before != printed;) {
    before = printed;
    for (std::size_t group = 0; group < groups_of_cell; ++group) {
      hide_complements_of(
          groups, group, rows, columns, [](const GroupOutcome& each) { return each.sums.customers; }, least_group,
          printed);
      hide_complements_of(
          groups, group, rows, columns, [](const GroupOutcome& each) { return each.contributors; }, least_group,
          printed);
    }
  }
  return printed;
}

}  // namespace rankwise
