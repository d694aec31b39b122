#pragma once
// Rows improved from where they are instead of solved exactly: a few steps of conjugate gradients, or one pass over
// small blocks of coordinates.

#include <span>

#include "kernels/als/iterative_methods.hpp"
#include "kernels/als/row_system.hpp"
#include "kernels/als/row_workspace.hpp"

namespace rankwise::kernels {

/// Improves each of `rows` of `block` towards the solution of (base + sum_i w_i y_i y_i^T + lambda_u I) x_u = sum_i t_i
/// y_i (see solve_rows). On entry `solution` holds the rows to begin from, with zero padding. A row without entries
/// becomes zero. `solution` and `losses` cover all rows of `block`. Returns the lowest row whose solution is not finite
/// or which has a block that is not positive definite, or -1. Conjugate gradients take `system.other` in
/// `system.basis`; the rows longer than longest_row_alone take their steps together and are best handed over together.
[[nodiscard]] Index improve_rows(const RowSystem& system, const CsrBlock& block, std::span<const Index> rows,
                                 const ConjugateGradients& method, RowWorkspace& workspace, MatrixView solution,
                                 std::span<RowLoss> losses);
[[nodiscard]] Index improve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows,
                                 const ConjugateGradients& method, RowWorkspace& workspace, MatrixView solution,
                                 std::span<RowLoss> losses);
[[nodiscard]] Index improve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows,
                                 const SubspaceBlocks& method, RowWorkspace& workspace, MatrixView solution,
                                 std::span<RowLoss> losses);

/// Floating-point operations of s steps for a row of n entries and k unknowns, the rotations counted whether or not
/// there is a base: 7 n k for the residual and the diagonal, 4 n k for each product but the last, which takes 2 n k,
/// and 4 k^2 for the rotations.
[[nodiscard]] double improve_row_flops(const ConjugateGradients& method, Index entries, Index width);

/// Likewise of one pass: n b (b + 1) + b^3 / 3 + 2 b^2 for each block of b unknowns, 2 k^2 for products with the base,
/// 6 n k for predictions and gradients.
[[nodiscard]] double improve_row_flops(const SubspaceBlocks& method, Index entries, Index width);

}  // namespace rankwise::kernels
