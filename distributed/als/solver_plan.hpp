#pragma once
// Which solver a side's rows get: one decision per half-sweep, the same on every rank.

#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/als/row_method.hpp"

namespace rankwise {

/// What the user asks for.
enum class SolverChoice { automatic, primal, dual, conjugate_gradients, subspace };

struct SolverOptions {
  SolverChoice choice = SolverChoice::automatic;
  Index cg_steps = 3;         ///< conjugate gradients
  Index subspace_block = 64;  ///< subspace

  [[nodiscard]] bool is_exact() const {
    return choice != SolverChoice::conjugate_gradients && choice != SolverChoice::subspace;
  }
};

using SolverPlan = kernels::RowMethod;

/// Row lengths beyond it are not counted apart: no dual takes them.
inline constexpr Index longest_counted_row = 4097;

/// How many rows have 0, 1, ... longest_counted_row entries.
[[nodiscard]] std::vector<Index> rows_by_size(std::span<const Index> row_sizes);

/// Plans a side's half-sweeps for systems of `width` unknowns, from rows_by_size() of all its rows. `automatic` takes
/// the dual for rows where the build's table of rates predicts it to be faster, if all such rows together repay the
/// rotation of the other side; `dual` for all rows of at most `width` entries. A pure function of the whole matrix: no
/// rank count, no clock.
[[nodiscard]] SolverPlan plan_solver(const SolverOptions& options, const Objective& objective,
                                     std::span<const Index> rows_by_size, Index opposite_rows, Index width);

/// plan_solver from the sizes of this rank's rows, any share of the side's. Collective over comm.
[[nodiscard]] SolverPlan plan_solver(const Communicator& comm, const SolverOptions& options, const Objective& objective,
                                     Index width, Index opposite_rows, std::span<const Index> row_sizes);

}  // namespace rankwise
