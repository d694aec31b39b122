#pragma once
// Some values of a column, in any order.

#include <span>

#include "distributed/tables/table.hpp"

namespace rankwise {

/// The values at `rows`, places in `values`; missing at -1.
[[nodiscard]] ColumnValues select_values(const ColumnValues& values, std::span<const Index> rows);

}  // namespace rankwise
