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

/// Whether a row is too long for one thread: its sum is then taken in parts (accumulate_part, solve_parts), and
/// solve_rows must not be given it.
[[nodiscard]] constexpr bool is_heavy(Index entries) {
  return entries > part_entries;
}
[[nodiscard]] constexpr Index part_count(Index entries) {
  return (entries + part_entries - 1) / part_entries;
}

/// Part `part` of a heavy row's normal equations: `sum` is padded_width + 1 rows of padded_width, the right-hand side
/// last.
void accumulate_part(const RowSystem& system, SparseRow entries, Index part, RowWorkspace& workspace, MatrixView sum);

/// Adds all parts in order and solves; false where there is no finite solution.
[[nodiscard]] bool solve_parts(const RowSystem& system, SparseRow entries, std::span<const ConstMatrixView> parts,
                               RowWorkspace& workspace, float* x, RowLoss& loss);

/// Floating-point operations of the above for a row of `entries` entries and `width` unknowns, the symmetric half
/// counted: n k (k + 1) + k^3 / 3 + 2 k^2.
[[nodiscard]] double solve_row_flops(Index entries, Index width);

/// Builds one row's system and right-hand side in the workspace and leaves them there; for tests and benchmarks.
void normal_equations(const RowSystem& system, SparseRow entries, std::span<const LocalIndex> upcoming,
                      RowWorkspace& workspace);

}  // namespace rankwise::kernels
