#pragma once
// One side's view of the interaction matrix: its rows here, and where the other side's rows come from.

#include <span>
#include <vector>

#include "distributed/communicator.hpp"
#include "distributed/exchange_plan.hpp"
#include "distributed/partition.hpp"
#include "kernels/csr_block.hpp"
#include "kernels/objective.hpp"

namespace rankwise {

/// This rank's sparse rows as they come from a file: columns are global.
struct GlobalRows {
  std::vector<Index> offsets;
  std::span<const Index> columns;
  std::span<const float> values;
};

/// Row lengths beyond it are not counted apart: no dual takes them.
inline constexpr Index longest_counted_row = 4097;

/// Everything that stays the same over the sweeps of one side, and its buffers.
struct AlsSide {
  Partition partition;  ///< of this side's rows
  Index opposite_rows;  ///< rows of the whole other side
  CsrBlock block;       ///< local rows; columns are rows of the gathered matrix, values are Objective::entry_value
  std::vector<Index> rows_by_size;  ///< over all ranks: how many rows have 0, 1, ... longest_counted_row entries
  ExchangePlan plan;                ///< gathers the other side's rows that `block` names
  Matrix gathered;  ///< buffer of half-sweeps: those rows; kept, because fresh memory costs a second pass over it
  Matrix rotated;   ///< buffer of half-sweeps: the same in the eigenbasis, where rows go to the dual
};

/// Collective over comm; throws AgreedError(bad_data) on damaged rows or more than 2^31 needed rows.
[[nodiscard]] AlsSide make_als_side(const Communicator& comm, const Objective& objective, const Partition& partition,
                                    const Partition& opposite, GlobalRows rows);

/// Predicted seconds of each of this rank's chunks of rows, for Partition::by_cost, each row by its fastest exact
/// solver. `row_sizes` begin at a chunk's first row.
[[nodiscard]] std::vector<double> chunk_costs(std::span<const Index> row_sizes, Index width);

}  // namespace rankwise
