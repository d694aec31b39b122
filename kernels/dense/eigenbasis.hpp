#pragma once
// The basis in which a Gramian is diagonal, so that Gramian + lambda I is diagonal whatever lambda.

#include <vector>

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

struct Eigenbasis {
  Matrix vectors;             ///< column j is eigenvector j; y * vectors rotates a row y into the basis
  Matrix transposed;          ///< row j is eigenvector j; rotates back
  std::vector<float> values;  ///< ascending, none negative; padded_width, the padding 1
};

/// Decomposes the symmetric `gramian` (width x width of a padded square) in double precision. The same bits for the
/// same input on every x86-64 or Arm processor: one thread, baseline instructions. Throws Error(bad_data) when the
/// iteration does not converge (non-finite input).
[[nodiscard]] Eigenbasis eigenbasis(ConstMatrixView gramian, Index width);

}  // namespace rankwise::kernels
