// Hidden cells are attacked: all tables that agree with what is printed are tried, and none of the hidden cells of few
// persons may be the same in all of them.

#include "kernels/statistics/suppression.hpp"

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <numeric>
#include <random>
#include <vector>

namespace rankwise {
namespace {

/// Tries all values of the cells inside a table of counts that agree with its printed cells; hidden ones up to `most`.
class Attack {
 public:
  Attack(const std::vector<TableCell>& cells, std::size_t rows, std::size_t columns, std::int64_t most)
      : cells_(cells), rows_(rows), columns_(columns), most_(most), values_(cells.size(), 0) {
    low_.assign(cells.size(), most * 100);
    high_.assign(cells.size(), -1);
    try_from(0);
  }
  [[nodiscard]] std::int64_t low(std::size_t cell) const { return low_[cell]; }
  [[nodiscard]] std::int64_t high(std::size_t cell) const { return high_[cell]; }

 private:
  [[nodiscard]] bool agrees(std::size_t cell) const {
    return !is_printed(cells_[cell].state) || values_[cell] == cells_[cell].value;
  }
  [[nodiscard]] std::size_t at(std::size_t row, std::size_t column) const { return row * (columns_ + 1) + column; }

  void try_from(std::size_t place) {
    if (place == rows_ * columns_) return check_columns();
    const std::size_t row = place / columns_;
    const std::size_t column = place % columns_;
    const std::size_t cell = at(row, column);
    const bool is_known = is_printed(cells_[cell].state);
    for (std::int64_t value = is_known ? cells_[cell].value : 0; value <= (is_known ? cells_[cell].value : most_);
         ++value) {
      values_[cell] = value;
      if (column + 1 == columns_) {
        std::int64_t& total = values_[at(row, columns_)];
        total = 0;
        for (std::size_t each = 0; each < columns_; ++each) total += values_[at(row, each)];
        if (!agrees(at(row, columns_))) continue;
      }
      try_from(place + 1);
    }
  }

  void check_columns() {
    for (std::size_t column = 0; column <= columns_; ++column) {
      std::int64_t total = 0;
      for (std::size_t row = 0; row < rows_; ++row) total += values_[at(row, column)];
      values_[at(rows_, column)] = total;
      if (!agrees(at(rows_, column))) return;
    }
    for (std::size_t cell = 0; cell < values_.size(); ++cell) {
      low_[cell] = std::min(low_[cell], values_[cell]);
      high_[cell] = std::max(high_[cell], values_[cell]);
    }
  }

  const std::vector<TableCell>& cells_;
  std::size_t rows_;
  std::size_t columns_;
  std::int64_t most_;
  std::vector<std::int64_t> values_;
  std::vector<std::int64_t> low_;
  std::vector<std::int64_t> high_;
};

TEST(Suppression, NoHiddenCellIsDeterminedByATableWithTotals) {
  std::mt19937 random(11);
  constexpr std::int64_t least = 3;
  int complements = 0;
  for (int round = 0; round < 150; ++round) {
    const std::size_t rows = 2;
    const std::size_t columns = 2 + random() % 2;
    std::vector<std::int64_t> values(rows * columns);
    for (std::int64_t& value : values) value = random() % 3 == 0 ? random() % 3 : 3 + random() % 4;
    std::vector<TableCell> cells = table_with_totals(values, rows, columns);
    hide_small_counts(cells, least);
    const std::vector<TableCell> before = cells;
    EXPECT_EQ(hide_complements(cells), 0U);
    const Attack attack(cells, rows, columns, 13);
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      complements += cells[cell].state == Disclosure::complement && cells[cell].value > 0 ? 1 : 0;
      if (before[cell].state != Disclosure::hidden) continue;
      EXPECT_EQ(cells[cell].state, Disclosure::hidden);
      EXPECT_LT(attack.low(cell), attack.high(cell)) << round;
      EXPECT_GE(attack.high(cell), cells[cell].value + least) << round;
    }
  }
  EXPECT_GT(complements, 100);
}

TEST(Suppression, PublishedTotalsStay) {
  std::mt19937 random(13);
  constexpr std::int64_t least = 3;
  for (int round = 0; round < 150; ++round) {
    const std::size_t rows = 3;
    const std::size_t columns = 2;
    std::vector<std::int64_t> values(rows * columns);
    for (std::int64_t& value : values) value = random() % 3 == 0 ? random() % 3 : 3 + random() % 4;
    std::vector<TableCell> cells = table_with_totals(values, rows, columns);
    for (std::size_t row = 0; row <= rows; ++row) {
      for (std::size_t column = 0; column <= columns; ++column) {
        TableCell& cell = cells[row * (columns + 1) + column];
        if (column == columns && cell.value >= least) cell.state = Disclosure::published;
      }
    }
    hide_small_counts(cells, least);
    const std::size_t unprotected = hide_complements(cells);
    if (unprotected > 0) continue;  // nothing hidden of these can be printed otherwise; a caller leaves the table out
    const Attack attack(cells, rows, columns, 12);
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      if (cells[cell].state == Disclosure::hidden) {
        EXPECT_LT(attack.low(cell), attack.high(cell)) << round;
      }
      if (cell % (columns + 1) == columns && cells[cell].value >= least) {
        EXPECT_TRUE(is_printed(cells[cell].state));
      }
    }
  }
}

TEST(Suppression, ADiagonalIsPrinted) {
  std::vector<TableCell> cells = table_with_totals(std::vector<std::int64_t>{50, 0, 0, 70}, 2, 2);
  hide_small_counts(cells, 10);
  EXPECT_EQ(hide_complements(cells), 0U);
  for (const TableCell& cell : cells) EXPECT_EQ(is_printed(cell.state), cell.value > 0);
}

TEST(Suppression, ALineHidesItsSmallestOtherNumber) {
  std::vector<TableCell> cells = line_with_total(std::vector<std::int64_t>{50, 2, 30, 400});
  cells[1].state = Disclosure::hidden;
  cells[1].protection = 10;
  EXPECT_EQ(hide_complements(cells), 0U);
  EXPECT_EQ(cells[0].state, Disclosure::open);
  EXPECT_EQ(cells[2].state, Disclosure::complement);
  EXPECT_EQ(cells[3].state, Disclosure::open);
  EXPECT_EQ(cells[4].state, Disclosure::open);
  std::vector<TableCell> open = line_with_total(std::vector<std::int64_t>{50, 20});
  EXPECT_EQ(hide_complements(open), 0U);
  EXPECT_TRUE(std::all_of(open.begin(), open.end(), [](const TableCell& cell) { return is_printed(cell.state); }));
}

TEST(Suppression, ATotalOfOneCellThatIsPublishedGivesItAway) {
  std::vector<TableCell> cells = line_with_total(std::vector<std::int64_t>{2});
  cells[0].state = Disclosure::hidden;
  cells[1].state = Disclosure::published;
  EXPECT_EQ(hide_complements(cells), 1U);
}

/// By how much a cell can be larger for all that the printed ones say, `most` at most: values move along any circles of
/// cells that are not printed, one after the other, each found by breadth alone.
std::int64_t plain_protection(const std::vector<TableCell>& cells, std::size_t cell, std::int64_t most) {
  std::size_t nodes = 0;
  for (const TableCell& each : cells) nodes = std::max({nodes, each.from + 1, each.to + 1});
  std::vector<std::int64_t> values;
  for (const TableCell& each : cells) values.push_back(each.value);
  for (std::int64_t moved = 0; moved < most; ++moved) {
    std::vector<std::size_t> by_cell(nodes, cells.size());
    std::vector<std::size_t> reached{cells[cell].to};
    by_cell[cells[cell].to] = cell;
    for (std::size_t next = 0; next < reached.size() && by_cell[cells[cell].from] == cells.size(); ++next) {
      for (std::size_t each = 0; each < cells.size(); ++each) {
        if (each == cell || is_printed(cells[each].state)) continue;
        const bool becomes_larger = cells[each].from == reached[next];
        if (!becomes_larger && (cells[each].to != reached[next] || values[each] == 0)) continue;
        const std::size_t end = becomes_larger ? cells[each].to : cells[each].from;
        if (by_cell[end] != cells.size()) continue;
        by_cell[end] = each;
        reached.push_back(end);
      }
    }
    if (by_cell[cells[cell].from] == cells.size()) return moved;
    for (std::size_t node = cells[cell].from; node != cells[cell].to;) {
      const std::size_t by = by_cell[node];
      values[by] += cells[by].to == node ? 1 : -1;
      node = cells[by].to == node ? cells[by].from : cells[by].to;
    }
  }
  return most;
}

TEST(Suppression, EachHiddenCellOfALargeTableIsProtected) {
  std::mt19937 random(17);
  constexpr std::int64_t least = 10;
  for (const bool are_totals_published : {false, true}) {
    for (const std::uint32_t divisor : {1U, 7U, 40U}) {
      const std::size_t rows = 20 + random() % 5;
      const std::size_t columns = 20 + random() % 5;
      std::vector<std::int64_t> values(rows * columns);
      for (std::int64_t& value : values) value = random() % 100 / divisor + (random() % 4 == 0 ? 0 : 5);
      std::vector<TableCell> cells = table_with_totals(values, rows, columns);
      for (std::size_t cell = 0; cell < cells.size() && are_totals_published; ++cell) {
        const bool is_total = (cell % (columns + 1) == columns) != (cell / (columns + 1) == rows);
        if (is_total) cells[cell].state = Disclosure::published;
      }
      hide_small_counts(cells, least);
      EXPECT_EQ(hide_complements(cells), 0U);
      std::size_t complements = 0;
      std::size_t sensitive = 0;
      for (std::size_t cell = 0; cell < cells.size(); ++cell) {
        complements += cells[cell].state == Disclosure::complement && cells[cell].value > 0 ? 1 : 0;
        if (cells[cell].state != Disclosure::hidden) continue;
        ++sensitive;
        if (cell % 7 == 0) {
          EXPECT_EQ(plain_protection(cells, cell, least), least) << divisor;
        }
      }
      EXPECT_GT(sensitive, 0U);
      EXPECT_LT(complements, 3 * sensitive) << divisor;
    }
  }
}

/// 200 x 200 segments whose customers are few in almost every cell: as many circles as there are customers.
TEST(Suppression, ATableOfManySegmentsIsProtected) {
  std::mt19937 random(19);
  constexpr std::size_t segments = 200;
  std::vector<std::int64_t> values(segments * segments, 0);
  for (int customer = 0; customer < 40000; ++customer) ++values[random() % values.size()];
  std::vector<TableCell> cells = table_with_totals(values, segments, segments);
  hide_small_counts(cells, 10);
  EXPECT_EQ(hide_complements(cells), 0U);
  EXPECT_TRUE(is_printed(cells.back().state));
}

}  // namespace
}  // namespace rankwise
