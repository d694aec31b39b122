#pragma once
// Which numbers of a table may be printed if some of them may not: what totals would give back is hidden, too.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace rankwise {

enum class Disclosure {
  open,       ///< printed, unless it has to be hidden for another one
  published,  ///< printed in any case, as it is printed elsewhere
  hidden,     ///< of too few persons
  complement  ///< not printed, so that no total gives back a hidden one, or since it is about nobody
};

[[nodiscard]] constexpr bool is_printed(Disclosure state) {
  return state == Disclosure::open || state == Disclosure::published;
}

/// What a reader must reckon with below a number: nothing says that it is not smaller by any amount.
inline constexpr std::int64_t any_amount = std::numeric_limits<std::int64_t>::max();

/// A number of a table with totals, as an arc of a network: at each node, what comes in goes out.
struct TableCell {
  std::size_t from = 0;
  std::size_t to = 0;
  std::int64_t value = 0;  ///< a count or a sum
  std::int64_t slack = 0;  ///< how much smaller it may be for all that a reader knows: of a count, the count
  Disclosure state = Disclosure::open;
  std::int64_t protection = 1;  ///< if it is hidden, by how much larger it may be for all that a reader can work out
};

/// A line of numbers and their total, which comes last. With `slacks` of any_amount if a number may be below 0.
[[nodiscard]] std::vector<TableCell> line_with_total(std::span<const std::int64_t> values);

/// rows x columns numbers, row by row, each row with its total behind it, and a last row of the columns' totals and the
/// total of all: (rows + 1) x (columns + 1) cells.
[[nodiscard]] std::vector<TableCell> table_with_totals(std::span<const std::int64_t> values, std::size_t rows,
                                                       std::size_t columns);

/// Marks counts of cells that are open: from 1 to below `least` they are hidden, with the protection `least`. A count
/// of 0 is not printed either, but a total may give it back, as it is about nobody: a table whose empty cells were
/// protected would print nothing at all if everybody is in a cell of the diagonal.
void hide_small_counts(std::vector<TableCell>& cells, std::int64_t least);

/// Hides more cells, of small values first, until each hidden cell has its protection: hidden cells then lie on
/// circles, along which values can move without changing what is printed, by the protection in all (Kelly, Golden and
/// Assad, Networks 1992). Less than that, but 1 at least, if published cells prevent it; if they prevent that, too, all
/// open cells are hidden. Returns the number of hidden cells that nobody can protect, as published ones alone give an
/// upper bound at the value itself: 0 unless a total that is published elsewhere is of one cell.
[[nodiscard]] std::size_t hide_complements(std::vector<TableCell>& cells);

}  // namespace rankwise
