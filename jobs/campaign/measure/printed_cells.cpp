#include "jobs/campaign/measure/printed_cells.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <utility>

#include "kernels/statistics/suppression.hpp"

namespace rankwise {

namespace {

constexpr std::size_t groups_of_cell = 2;

/// One number of every cell of a group, with its totals.
using CellNumber = std::function<std::int64_t(const GroupOutcome&)>;

class CellPrinter {
 public:
  CellPrinter(const std::vector<GroupOutcome>& groups, std::size_t rows, std::size_t columns, Index least_group)
      : groups_(groups),
        rows_(rows),
        columns_(columns),
        least_group_(least_group),
        printed_(groups.size() / groups_of_cell, 1),
        is_small_(printed_.size(), 0) {}

  /// Cells that no output has are neither printed nor small.
  void leave_out_cells() {
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t column = 0; column < columns_; ++column) printed_[row * (columns_ + 1) + column] = 0;
    }
  }

  void hide_small_cells(bool is_money) {
    for (std::size_t cell = 0; cell < printed_.size(); ++cell) {
      if (printed_[cell] == 0) continue;
      const GroupOutcome* const group = &groups_[groups_of_cell * cell];
      if (is_printable(group[0], is_money, least_group_) && is_printable(group[1], is_money, least_group_)) continue;
      printed_[cell] = 0;
      is_small_[cell] = 1;
    }
  }

  /// What hides a cell of one group hides it of the other, which may ask for more: until nothing changes.
  void hide_what_gives_back(bool is_money) {
    for (std::vector<char> before; before != printed_;) {
      before = printed_;
      for (std::size_t group = 0; group < groups_of_cell; ++group) {
        hide_complements_of(group, [](const GroupOutcome& each) { return each.sums.customers; });
        hide_complements_of(group, [](const GroupOutcome& each) { return each.contributors; });
        if (is_money) hide_money_complements_of(group);
      }
    }
  }

  [[nodiscard]] std::vector<char> take() { return std::move(printed_); }

 private:
  [[nodiscard]] std::vector<TableCell> table_of(std::size_t group, const CellNumber& number) const {
    std::vector<std::int64_t> values;
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t column = 0; column < columns_; ++column)
        values.push_back(number(groups_[groups_of_cell * (row * (columns_ + 1) + column) + group]));
    }
    return table_with_totals(values, rows_, columns_);
  }

  void hide_complements_of(std::size_t group, const CellNumber& number) {
    std::vector<TableCell> cells = table_of(group, number);
    for (std::size_t place = 0; place < cells.size(); ++place)
      cells[place].protection = cells[place].value < least_group_ ? least_group_ : 1;
    hide(cells);
  }

  /// Absolute values, as money may be negative: what is hidden together with a cell has as much of them as the cell, so
  /// that no customer has more than half of what a total less printed cells gives.
  void hide_money_complements_of(std::size_t group) {
    constexpr int bits = 40;
    const double all = groups_[groups_of_cell * (printed_.size() - 1) + group].magnitude;
    if (!(all > 0)) return;
    const int scale = bits - std::ilogb(all);
    std::vector<TableCell> cells = table_of(group, [&](const GroupOutcome& each) {
      return static_cast<std::int64_t>(std::ceil(std::ldexp(each.magnitude, scale)));
    });
    for (TableCell& cell : cells) cell.protection = std::max<std::int64_t>(1, cell.value);
    hide(cells);
  }

  /// Those that are not printed, and what they need. The total of all is printed with the whole list if it may be.
  void hide(std::vector<TableCell>& cells) {
    for (std::size_t place = 0; place < cells.size(); ++place) {
      if (printed_[place] != 0) continue;
      const bool is_protected = is_small_[place] != 0 && cells[place].value != 0;
      cells[place].state = is_protected ? Disclosure::hidden : Disclosure::complement;
    }
    if (is_small_.back() == 0) cells.back().state = Disclosure::published;
    (void)hide_complements(cells);
    for (std::size_t place = 0; place < cells.size(); ++place) {
      if (!is_printed(cells[place].state)) printed_[place] = 0;
    }
  }

  const std::vector<GroupOutcome>& groups_;
  std::size_t rows_;
  std::size_t columns_;
  Index least_group_;
  std::vector<char> printed_;   // by cell
  std::vector<char> is_small_;  // likewise: not printed for its own sake
};

}  // namespace

bool is_printable(const GroupOutcome& group, bool is_money, Index least_group) {
  return group.sums.customers >= least_group && group.contributors >= least_group &&
         !(is_money && group.is_dominated());
}

std::vector<char> printed_cells(const std::vector<GroupOutcome>& groups, std::size_t rows, std::size_t columns,
                                PrintedPart part, bool is_money, Index least_group) {
  CellPrinter printer(groups, rows, columns, least_group);
  if (part == PrintedPart::totals) printer.leave_out_cells();
  printer.hide_small_cells(is_money);
  printer.hide_what_gives_back(is_money);
  return printer.take();
}

}  // namespace rankwise
