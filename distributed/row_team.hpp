#pragma once
// All rows of a half-sweep, solved by a team of threads.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "distributed/solver_plan.hpp"
#include "kernels/csr_block.hpp"
#include "kernels/row_system.hpp"
#include "kernels/row_workspace.hpp"

namespace rankwise {

/// The threads of OpenMP, and what they did.
class RowTeam {
 public:
  /// `poll` is called often by the thread that may call MPI, while the team solves.
  RowTeam(const SolverPlan& plan, Index width, std::function<void()> poll);

  /// Solves `rows` of `block`: heavy ones by the whole team, the others in batches. `solution` and `losses` cover all
  /// rows of the block. Returns the lowest row without a finite solution, or -1.
  [[nodiscard]] Index solve(const kernels::RowSystem& system, const CsrBlock& block, RowRange rows, MatrixView solution,
                            std::span<kernels::RowLoss> losses);

  [[nodiscard]] kernels::SolveTally tally() const;

 private:
  SolverPlan plan_;
  Index width_;
  std::function<void()> poll_;
  std::vector<std::unique_ptr<kernels::RowWorkspace>> workspaces_;  ///< by thread, which makes its own
};

}  // namespace rankwise
