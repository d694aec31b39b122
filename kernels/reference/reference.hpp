#pragma once
// The oracle: the same mathematics as the kernels, in double and in the plainest loops. Tests compare every kernel with
// it.

#include <vector>

#include "kernels/als/solve_rows.hpp"
#include "kernels/base/csr_block.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise::reference {

/// A dense row-major matrix of doubles.
struct DoubleMatrix {
  Index rows = 0;
  Index columns = 0;
  std::vector<double> values;

  DoubleMatrix(Index row_count, Index column_count)
      : rows(row_count), columns(column_count), values(static_cast<std::size_t>(row_count * column_count)) {}
  [[nodiscard]] double& at(Index r, Index c) { return values[static_cast<std::size_t>(r * columns + c)]; }
  [[nodiscard]] double at(Index r, Index c) const { return values[static_cast<std::size_t>(r * columns + c)]; }
};

/// rows^T rows, whole.
[[nodiscard]] DoubleMatrix gramian(ConstMatrixView rows);

/// A row's normal equations: system (width square, whole) and right-hand side.
struct NormalEquations {
  DoubleMatrix system;
  std::vector<double> rhs;
};
/// `base` is alpha0 * Y^T Y (width square), all zero for the explicit loss.
[[nodiscard]] NormalEquations normal_equations(const kernels::RowSystem& system, const DoubleMatrix& base,
                                               CsrRow entries);

/// x with A x = b by an unblocked Cholesky factorization; empty when A is not positive definite.
[[nodiscard]] std::vector<double> solve(const DoubleMatrix& a, const std::vector<double>& b);

/// The row's loss at `x`, by the formulas of kernels/als/objective.hpp.
[[nodiscard]] kernels::RowLoss row_loss(const kernels::RowSystem& system, CsrRow entries, const std::vector<double>& x);

/// For each row the centroid of least squared distance, ties to the lowest.
[[nodiscard]] std::vector<std::int32_t> nearest_centroids(ConstMatrixView rows, ConstMatrixView centroids);

}  // namespace rankwise::reference
