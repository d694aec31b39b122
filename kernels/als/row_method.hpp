#pragma once
// How the rows of a half-sweep are solved, and the one call that does it.

#include <span>
#include <variant>

#include "kernels/als/iterative_rows.hpp"
#include "kernels/als/solve_rows.hpp"

namespace rankwise::kernels {

/// Every row exactly: in the dual up to a length, which RowSystem::dual then has, by normal equations beyond.
struct ExactRows {
  Index longest_dual_row = 0;
};

using RowMethod = std::variant<ExactRows, ConjugateGradients, SubspaceBlocks>;

/// The most entries of a row that solve_rows takes in a batch; longer ones want more than one thread, or each other's
/// company.
[[nodiscard]] Index longest_batch_row(const RowMethod& method, Index width);

/// solve_rows or improve_rows, as `method` says; the workspace's tally tells how many rows each took, and how long.
[[nodiscard]] Index solve_rows(const RowMethod& method, const RowSystem& system, const CsrBlock& block, RowRange rows,
                               RowWorkspace& workspace, MatrixView solution, std::span<RowLoss> losses);

}  // namespace rankwise::kernels
