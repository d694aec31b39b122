#pragma once
// The hot loop: for each sparse row, the normal equations over the gathered rows of the other side, and their exact
// solution.

#include <span>

#include "kernels/row_system.hpp"
#include "kernels/row_workspace.hpp"

namespace rankwise::kernels {

/// Solves (base + sum_i w_i y_i y_i^T + lambda_u I) x_u = sum_i t_i y_i for each row in `rows` of `block` (DESIGN
/// "ALS"; values are Objective::entry_value). A row without entries is zero. `solution` and `losses` cover all rows of
/// `block`. Returns the first row whose system is not positive definite or whose solution is not finite, or -1.
[[nodiscard]] Index solve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, RowWorkspace& workspace,
                               MatrixView solution, std::span<RowLoss> losses);

/// Floating-point operations of the above for a row of `entries` entries and `width` unknowns, the symmetric half
/// counted: n k (k + 1) + k^3 / 3 + 2 k^2.
[[nodiscard]] double solve_row_flops(Index entries, Index width);

/// Builds one row's system and right-hand side in the workspace and leaves them there; for tests and benchmarks.
void normal_equations(const RowSystem& system, SparseRow entries, std::span<const LocalIndex> upcoming,
                      RowWorkspace& workspace);

}  // namespace rankwise::kernels
