#pragma once
// One symmetric positive definite system A x = b, with room for its factorization.

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// Columns of a matrix that is read down its columns: whole lines, and an odd number of them, so that the lines of one
/// column fall into all sets of L1 (rows of 512 bytes would share 8 of 64).
[[nodiscard]] constexpr Index spread_columns(Index columns) {
  const Index lines = padded_columns(columns) / line_floats;
  return (lines | 1) * line_floats;
}

/// Up to `unknowns` unknowns; about 2 unknowns^2 floats, zero at birth.
class SymmetricSystem {
 public:
  explicit SymmetricSystem(Index unknowns)
      : width(unknowns),
        matrix(padded_columns(unknowns), spread_columns(padded_columns(unknowns))),
        multipliers(padded_columns(unknowns), spread_columns(padded_columns(unknowns))),
        vectors_(3, padded_columns(unknowns)) {}

  Index width;         ///< unknowns
  Matrix matrix;       ///< the upper half of padded width square is A, then D L^T of its factorization A = L D L^T
  Matrix multipliers;  ///< L^T

  /// b, then x: padded to whole lines.
  [[nodiscard]] float* rhs() { return vectors_.row(0); }
  [[nodiscard]] float* inverse_pivots() { return vectors_.row(1); }
  [[nodiscard]] float* forward_solution() { return vectors_.row(2); }

 private:
  Matrix vectors_;
};

}  // namespace rankwise::kernels
