#pragma once
// Which solver a side's rows get: one decision per half-sweep, the same on every rank.

#include "distributed/als_side.hpp"
#include "kernels/objective.hpp"
#include "kernels/row_method.hpp"

namespace rankwise {

/// What the user asks for.
enum class SolverChoice { automatic, primal, dual, conjugate_gradients, subspace };

struct SolverOptions {
  SolverChoice choice = SolverChoice::automatic;
  Index cg_steps = 3;         ///< conjugate gradients
  Index subspace_block = 64;  ///< subspace
};

using SolverPlan = kernels::RowMethod;

/// Plans a side's half-sweeps for systems of `width` unknowns. `automatic` takes the dual for rows where the build's
/// table of rates predicts it to be faster, if all such rows together repay the rotation of the other side; `dual` for
/// all rows of at most `width` entries. A pure function of the whole matrix: no rank count, no clock.
[[nodiscard]] SolverPlan plan_solver(const SolverOptions& options, const Objective& objective, const AlsSide& side,
                                     Index width);
/// The same from what it depends on: `rows_by_size` has the side's rows of 0, 1, ... longest_counted_row entries.
[[nodiscard]] SolverPlan plan_solver(const SolverOptions& options, const Objective& objective,
                                     std::span<const Index> rows_by_size, Index opposite_rows, Index width);

}  // namespace rankwise
