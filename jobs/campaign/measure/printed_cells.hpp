#pragma once
// Which comparisons of a table may be printed.

#include <vector>

#include "distributed/experiments/group_outcomes.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Whether a group is large enough: so many customers, so many with an outcome, and if it is money, no one with more
/// than half of it.
[[nodiscard]] bool is_printable(const GroupOutcome& group, bool is_money, Index least_group);

/// Whether cells are printed, or totals of rows and columns alone.
enum class PrintedPart { cells_and_totals, totals };

/// rows + 1 times columns + 1 cells, row by row, the last of each being the total, with treated and controls in turn
/// (2 x cells outcomes): 1 if a cell is printed. A cell of which one group is too small is not, nor what its totals
/// would give back: of money, what a total less printed cells is of must not be more than half one customer's.
[[nodiscard]] std::vector<char> printed_cells(const std::vector<GroupOutcome>& groups, std::size_t rows,
                                              std::size_t columns, PrintedPart part, bool is_money, Index least_group);

}  // namespace rankwise
