#pragma once
// How many different customers of each group have bought something: an item, or an item of a category.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// codes x groups, row by row: customers of the group, of all ranks, who have an item of the code. A customer counts
/// once, however many such items there are. `code_of_item`: of all items, below `codes`, or -1 for none; `group_of_row`
/// of this rank's rows, below `groups`, or below 0 for none. Collective over comm.
[[nodiscard]] std::vector<Index> count_buyers(const Communicator& comm, const SparseRows& rows,
                                              std::span<const std::int32_t> group_of_row, Index groups,
                                              std::span<const std::int32_t> code_of_item, Index codes);

/// Likewise of one code of each row: a category that customers have themselves.
[[nodiscard]] std::vector<Index> count_codes(const Communicator& comm, std::span<const std::int32_t> code_of_row,
                                             std::span<const std::int32_t> group_of_row, Index groups, Index codes);

}  // namespace rankwise
