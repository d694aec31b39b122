#pragma once
// One symmetric positive definite system on its own; solve_rows uses the same code inline.

#include "kernels/als/row_workspace.hpp"

namespace rankwise::kernels {

/// Solves A x = b for the upper half of workspace.system and workspace.rhs(): D L^T of A = L D L^T replaces A, x
/// replaces b. Returns false, with both undefined, when A is not positive definite or not finite.
[[nodiscard]] bool solve_cholesky(RowWorkspace& workspace);

}  // namespace rankwise::kernels
