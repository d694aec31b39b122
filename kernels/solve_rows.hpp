#pragma once
// The hot loop: for each sparse row, the normal equations over the gathered rows of the other side, and their exact
// solution.

#include <span>

#include "kernels/csr_block.hpp"
#include "kernels/matrix.hpp"
#include "kernels/objective.hpp"
#include "kernels/row_workspace.hpp"

namespace rankwise::kernels {

/// What all rows of a half-sweep share. A row's columns index `other`; `other.columns` is the system's width: k, or k +
/// 1 with biases, where the last column of `other` is the other side's bias and the last unknown is the row's own.
struct RowSystem {
  const Objective& objective;
  ConstMatrixView other;  ///< gathered factor rows
  ConstMatrixView base;   ///< alpha0 * Y^T Y over all rows, upper half, padded_width square; rows == 0 stands for zero
  Index opposite_rows;    ///< rows of the whole other side, for lambda_u
};

/// One row's share of the loss at its new solution, the other side being as gathered.
struct RowLoss {
  double observed = 0;          ///< sum over entries of c (1 - p)^2, or (r - mean - biases - p)^2
  double observed_squares = 0;  ///< sum over entries of p^2; what the unobserved part leaves out (implicit only)
  double regularizer = 0;       ///< lambda_u |x_u|^2
};

/// Solves (base + sum_i w_i y_i y_i^T + lambda_u I) x_u = sum_i t_i y_i for each row in `rows` of `block` (DESIGN
/// "ALS"; values are Objective::entry_value). A row without entries is zero. `solution` and `losses` cover all rows of
/// `block`. Returns the first row whose system is not positive definite or whose solution is not finite, or -1.
[[nodiscard]] Index solve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, RowWorkspace& workspace,
                               MatrixView solution, std::span<RowLoss> losses);

/// Floating-point operations of the above for a row of `entries` entries and `width` unknowns, the symmetric half
/// counted: n k (k + 1) + k^3 / 3 + 2 k^2.
[[nodiscard]] double solve_row_flops(Index entries, Index width);

/// Builds one row's system and right-hand side in the workspace and leaves them there; for tests and benchmarks.
void normal_equations(const RowSystem& system, SparseRow entries, RowWorkspace& workspace);

}  // namespace rankwise::kernels
