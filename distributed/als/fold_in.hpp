#pragma once
// Factors of rows that a training has not had, from their interactions: one exact solve each.

#include "distributed/als/half_sweep.hpp"
#include "distributed/als/solver_plan.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// Rows with interactions `seen` (by Partition `rows`), each by one exact solve against the other side; `name` says
/// what they are. `prior`: what each of this rank's rows is regularized towards; empty stands for zero, else the solver
/// must be primal, and rows without interactions are zero. SolverChoice::automatic depends on all rows that are folded
/// in together, primal on each row alone. Collective over comm; throws AgreedError(bad_data) that names the row that
/// cannot be solved.
[[nodiscard]] Matrix fold_in(const Communicator& comm, const Objective& objective, const Partition& rows,
                             const SparseRows& seen, const AlsFactors& other, const char* name,
                             Gathering gathering = {}, const SolverOptions& solver = {}, Matrix prior = {});

}  // namespace rankwise
