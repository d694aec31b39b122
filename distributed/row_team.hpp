#pragma once
// All rows of a half-sweep, solved by a team of threads.

#include <functional>
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
  RowTeam(const SolverPlan& plan, Index width, std::function<void()> poll)
      : plan_(plan), width_(width), poll_(std::move(poll)) {}

  /// Solves `rows` of `block`: heavy ones by the whole team, the others in batches. `solution` and `losses` cover all
  /// rows of the block. Returns the lowest row without a finite solution, or -1.
  [[nodiscard]] Index solve(const kernels::RowSystem& system, const CsrBlock& block, RowRange rows, MatrixView solution,
                            std::span<kernels::RowLoss> losses);

  [[nodiscard]] const kernels::SolveTally& tally() const { return tally_; }

 private:
  SolverPlan plan_;
  Index width_;
  std::function<void()> poll_;
  kernels::SolveTally tally_;
};

}  // namespace rankwise
