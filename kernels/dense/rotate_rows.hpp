#pragma once
// Rows of factors rotated into another basis.

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// rotated = rows * basis for a square `basis` of rows.columns. Rows are independent of each other.
void rotate_rows(ConstMatrixView rows, ConstMatrixView basis, MatrixView rotated);

}  // namespace rankwise::kernels
