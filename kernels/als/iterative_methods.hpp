#pragma once
// How rows may be improved from where they are instead of solved exactly.

#include "kernels/base/types.hpp"

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

}  // namespace rankwise::kernels
