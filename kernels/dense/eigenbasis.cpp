#define EIGEN_DONT_PARALLELIZE
#include "kernels/dense/eigenbasis.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "kernels/base/error.hpp"

namespace rankwise::kernels {

Eigenbasis eigenbasis(ConstMatrixView gramian, Index width) {
  Eigen::MatrixXd full(width, width);
  for (Index r = 0; r < width; ++r) {
    for (Index c = 0; c < width; ++c) full(r, c) = static_cast<double>(gramian.row(r)[c]);
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(full);
  if (solver.info() != Eigen::Success) {
    throw Error(ExitCode::bad_data, "factors are so large that their products are beyond 32-bit floating point");
  }
  const Index padded = padded_columns(width);
  Eigenbasis basis{Matrix(width, padded), Matrix(width, padded),
                   std::vector<float>(static_cast<std::size_t>(padded), 1.0F)};
  for (Index j = 0; j < width; ++j) {
    // Rounding can push the smallest eigenvalues of a semidefinite matrix below zero.
    basis.values[static_cast<std::size_t>(j)] = static_cast<float>(std::max(0.0, solver.eigenvalues()(j)));
    for (Index c = 0; c < width; ++c) {
      basis.vectors.row(c)[j] = basis.transposed.row(j)[c] = static_cast<float>(solver.eigenvectors()(c, j));
    }
  }
  return basis;
}

}  // namespace rankwise::kernels
