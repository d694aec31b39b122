#pragma once
// This rank's rows of a half-sweep, by a team of threads.

#include <vector>

#include "distributed/als_side.hpp"
#include "distributed/solver_plan.hpp"
#include "kernels/row_system.hpp"
#include "kernels/row_workspace.hpp"

namespace rankwise {

struct SolvedSide {
  Index failed_row = -1;  ///< lowest local row without a finite solution, or -1
  kernels::SolveTally tally;
  std::vector<kernels::RowLoss> losses;  ///< one per local row
};

/// Solves all rows of `block` into `solution`, which holds the rows' last values for solvers that start from them.
/// Heavy rows are split over the team; the others go in batches, the longest first. The same bits for any number of
/// threads.
[[nodiscard]] SolvedSide solve_side(const SolverPlan& plan, const kernels::RowSystem& system, const CsrBlock& block,
                                    MatrixView solution);

}  // namespace rankwise
