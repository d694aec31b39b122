#pragma once
// A distributed matrix on its way past the root, which holds a piece of it at a time.

#include <functional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/planning/layout_plan.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// BEFORE: rank r holds rows of the matrix, in rank order. AFTER: the root has called visit with all of them,
/// ascending; it held one rank's row sizes and some million columns of others at a time. Collective over comm.
void visit_at_root(const Communicator& comm, const SparseRows& matrix,
                   const std::function<void(const PatternRows&)>& visit);

/// BEFORE: rank r holds rows of the matrix, in rank order. AFTER: the root has the number of entries of every row, the
/// others nothing. Collective over comm.
[[nodiscard]] std::vector<Index> row_sizes_at_root(const Communicator& comm, const SparseRows& matrix);

}  // namespace rankwise
