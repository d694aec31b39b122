#pragma once
// Y^T Y over one chunk of rows.

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// Most rows of one chunk.
inline constexpr Index most_gramian_rows = 256;

/// The Gramian of at most most_gramian_rows rows, on and above the diagonal of `gramian`, which has the rows' columns,
/// padded to whole lines, as rows and columns; what lies below is undefined. FMA over ascending rows from zero, in
/// float.
void chunk_gramian(ConstMatrixView rows, MatrixView gramian);

}  // namespace rankwise::kernels
