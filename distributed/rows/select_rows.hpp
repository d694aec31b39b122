#pragma once
// Single rows of a rank's part, and some of its rows in their order.

#include <span>

#include "distributed/rows/ids.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The columns of one row; `row` is local.
[[nodiscard]] std::span<const Index> row_columns(const SparseRows& rows, Index row);

/// Rows (or ids) at `positions`, which are local. The selected rows are numbered from 0; local work only goes on with
/// them.
[[nodiscard]] Ids select_rows(const Ids& ids, std::span<const Index> positions);
[[nodiscard]] SparseRows select_rows(const SparseRows& rows, std::span<const Index> positions);
[[nodiscard]] Matrix select_rows(ConstMatrixView rows, std::span<const Index> positions);

/// The rows with other numbers of their columns: entries of column c go to column numbers[c] of `column_count`, no two
/// columns to one; entries of columns that go to -1 are left out. Without times and folds.
[[nodiscard]] SparseRows renumber_columns(const SparseRows& rows, std::span<const Index> numbers, Index column_count);

/// The rows, those in `without` (global, ascending) as if they had no entries; without times and folds unless
/// `without` is empty.
[[nodiscard]] SparseRows without_entries(SparseRows rows, std::span<const Index> without);

}  // namespace rankwise
