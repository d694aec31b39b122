#pragma once
// What the rows of a half-sweep share, and what each of them adds to the loss.

#include "kernels/als/objective.hpp"
#include "kernels/base/csr_block.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// A basis in which `base` is diagonal. Where there is no base it is the one at hand: null values stand for zero, and
/// matrices without rows for no rotation.
struct DiagonalBasis {
  const float* values = nullptr;  ///< base's diagonal in the basis, padded_width
  ConstMatrixView into;           ///< rotates rows into the basis
  ConstMatrixView back;           ///< rotates solutions back
};

/// What the dual needs beside the basis.
struct DualSystem {
  Index longest_row = 0;    ///< rows with at most so many entries (at most the system's width) go to the dual
  ConstMatrixView rotated;  ///< RowSystem::other in the basis; `other` itself where there is no base
};

/// What all rows of a half-sweep share. A row's columns index `other`; `other.columns` is the system's width: k, or k +
/// 1 with biases, where the last column of `other` is the other side's bias and the last unknown is the row's own.
struct RowSystem {
  const Objective& objective;
  ConstMatrixView other;  ///< gathered factor rows; for conjugate gradients in the basis
  ConstMatrixView base;   ///< alpha0 * Y^T Y over all rows, padded_width square; rows == 0 stands for zero
  Index opposite_rows;    ///< rows of the whole other side, for lambda_u
  DiagonalBasis basis = {};
  DualSystem dual = {};
  /// What each row of the block is regularized towards, as wide as its solution; rows == 0 stands for zero. Such rows
  /// are solved by their normal equations alone: neither the dual nor iterative methods know it.
  ConstMatrixView prior = {};

  /// Of a row of the block; null stands for zero.
  [[nodiscard]] const float* prior_row(Index row) const { return prior.rows == 0 ? nullptr : prior.row(row); }
};

/// One row's share of the loss at its new solution, the other side being as gathered.
struct RowLoss {
  double observed = 0;  ///< sum over entries of c (1 - p)^2, or (r - mean - biases - p)^2
  double observed_squares =
      0;  ///< sum over entries of p^2; what the unobserved part leaves out; weighted implicit losses only
  double regularizer = 0;  ///< lambda_u |x_u - prior|^2

  void add_observed(const RowLoss& part) {
    observed += part.observed;
    observed_squares += part.observed_squares;
  }
};

}  // namespace rankwise::kernels
