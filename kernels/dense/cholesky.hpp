#pragma once
// One symmetric positive definite system on its own; solve_rows uses the same code inline.

#include "kernels/dense/symmetric_system.hpp"

namespace rankwise::kernels {

/// Solves A x = b for the upper half of system.matrix and system.rhs(): D L^T of A = L D L^T replaces A, x replaces b.
/// Returns false, with both undefined, when A is not positive definite or not finite.
[[nodiscard]] bool solve_cholesky(SymmetricSystem& system);

}  // namespace rankwise::kernels
