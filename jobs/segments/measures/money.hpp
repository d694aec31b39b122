#pragma once
// Money of groups as it may be printed.

#include <optional>
#include <vector>

#include "distributed/segments/group_sums.hpp"
#include "kernels/base/types.hpp"
#include "kernels/statistics/suppression.hpp"

namespace rankwise {

/// A group's sum is hidden if it is of too few customers, or if one holds more than half of it; that of nobody is not
/// printed either, and says nothing about anybody.
[[nodiscard]] Disclosure disclosure_of(const GroupSums& sums, std::size_t group, Index least);

/// Likewise of all groups together.
[[nodiscard]] Disclosure disclosure_of_total(const GroupSums& sums, Index least);

/// Hides what totals would give back of hidden sums: a reader must reckon with twice as much of each.
/// False if published ones prevent that.
[[nodiscard]] bool hide_money_complements(std::vector<TableCell>& cells);

/// The money of each group, then of all; nothing where it is not printed.
[[nodiscard]] std::vector<std::optional<double>> printed_money(const GroupSums& sums, Index least);

}  // namespace rankwise
