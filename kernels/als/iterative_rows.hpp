#pragma once
// Rows improved from where they are instead of solved exactly: a few steps of conjugate gradients, or one pass over
// small blocks of coordinates.

#include <span>

#include "kernels/als/row_system.hpp"
#include "kernels/als/row_workspace.hpp"

namespace rankwise::kernels {

/// Conjugate gradients (Takács, Pilászy and Tikk, "Applications of the conjugate gradient method for implicit feedback
/// collaborative filtering", RecSys 2011) in the basis where the base is diagonal, with the system's diagonal there as
/// preconditioner: it holds the whole base. No matrix is built. Steps end early only at an exact solution, or where the
/// system turns out not to be positive definite.
struct ConjugateGradients {
  Index steps = 3;  ///< from the warm start, at least 1
};

/// iALS++ (Rendle, Krichene, Zhang and Koren, "iALS++: Speeding up matrix factorization with subspace optimization",
/// 2021): each block of coordinates is solved exactly with the others held, one pass over all blocks.
struct SubspaceBlocks {
  Index block = 64;  ///< coordinates; at least 1, rounded up to whole lines of 16
};

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
