#pragma once
// Money of groups as it may be printed.

#include <optional>
#include <vector>

#include "distributed/segments/group_sums.hpp"
#include "kernels/base/types.hpp"
#include "kernels/statistics/suppression.hpp"

namespace rankwise {

/// Whether the group's sum is of too few customers, or one holds more than half of it.
[[nodiscard]] bool is_personal(const GroupSums& sums, std::size_t group, Index least);

/// Hides what totals would give back of hidden sums: a reader must reckon with as much more as the largest of them is.
/// False if published ones prevent that.
[[nodiscard]] bool hide_money_complements(std::vector<TableCell>& cells);

/// The money of each group, then of all; nothing where it is not printed.
[[nodiscard]] std::vector<std::optional<double>> printed_money(const GroupSums& sums, Index least);

}  // namespace rankwise
