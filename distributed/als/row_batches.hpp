#pragma once
// Rows in batches whose columns fit into memory together. A plain value.

#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows in their order, cut where the distinct columns of a batch would become more than `most_columns`; a row with
/// more entries than that is a batch of its own. At least one batch. `offsets` (rows + 1) and `columns` (below
/// `column_count`) are a sparse matrix'.
[[nodiscard]] std::vector<RowRange> cut_rows(std::span<const Index> offsets, std::span<const LocalIndex> columns,
                                             Index column_count, Index most_columns);

}  // namespace rankwise
