#pragma once
// Y^T Y over one chunk of rows.

#include "kernels/als/row_workspace.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// The Gramian of at most entry_chunk rows, on and above the diagonal of workspace.system (padded_width square); what
/// stands below is undefined. `rows` has workspace.width columns. FMA over ascending rows from zero, in float.
void chunk_gramian(ConstMatrixView rows, RowWorkspace& workspace);

}  // namespace rankwise::kernels
