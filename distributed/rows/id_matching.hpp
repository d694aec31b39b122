#pragma once
// Rows of one table found in another by their ids.

#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// For each of this rank's `wanted` ids the global row that has it in `known`, the lowest one where several have; -1
/// where none does. Each rank holds any share of both tables in any order. If the ids of one table are integers and
/// those of the other texts, they are compared as texts. Every id meets
/// its like on the rank that its hash names, so that no rank holds all of them. Collective over comm.
[[nodiscard]] std::vector<Index> find_rows_by_id(const Communicator& comm, const IdRows& wanted, const IdRows& known);

}  // namespace rankwise
