#pragma once
// How one side's half-sweeps are solved and who does what: found from the sizes of its rows before they are read.

#include <span>
#include <vector>

#include "distributed/als/shared_rows.hpp"
#include "distributed/als/solver_plan.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/rows/partition.hpp"

namespace rankwise {

/// The same on every rank.
struct SidePlan {
  SolverPlan solver;
  Partition rows;  ///< by predicted cost, in exchange_portions()
  std::vector<SharedRow> shared;
};

/// Predicted seconds of each of this rank's chunks of rows, for Partition::by_cost. `row_sizes` begin at a chunk's
/// first row.
[[nodiscard]] std::vector<double> chunk_costs(std::span<const Index> row_sizes, const Objective& objective,
                                              const SolverPlan& solver, Index width);

/// Sums of the chunks' costs over each part of the partition.
[[nodiscard]] std::vector<double> rank_costs(const Partition& partition, std::span<const double> chunk_costs);

/// Whether rows of so many entries may be shared: their normal equations are built.
[[nodiscard]] bool is_shareable(const SolverPlan& solver, Index entries);

/// Whether rows are shared where a partition of whole rows is not fair.
enum class RowSharing { automatic, off };

/// Plans a side of systems of `width` unknowns. `row_sizes` are the entries of this rank's share by count
/// (Partition::by_count) of all `rows`. Collective over comm.
[[nodiscard]] SidePlan plan_side(const Communicator& comm, const SolverOptions& options, const Objective& objective,
                                 Index width, Index rows, Index opposite_rows, std::span<const Index> row_sizes,
                                 RowSharing sharing);

}  // namespace rankwise
