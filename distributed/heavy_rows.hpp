#pragma once
// Rows with a large share of all entries, each solved by a whole team of threads.

#include <span>
#include <vector>

#include "distributed/row_schedule.hpp"
#include "kernels/row_system.hpp"
#include "kernels/row_workspace.hpp"

namespace rankwise {

/// The heavy rows of a block and the memory for their parts: 64 MiB, or two parts, per thread at the most.
class HeavyRowTeam {
 public:
  /// Takes the heavy rows that batches leave out, so none where they are included there.
  HeavyRowTeam(const CsrBlock& block, HeavyRows heavy, Index width, int threads);

  /// Solves all heavy rows: the parts are summed by whatever thread is free, then added in order. Every thread of an
  /// OpenMP team must call it, each with its own workspace. Returns the lowest row without a finite solution that this
  /// thread met, or -1.
  [[nodiscard]] Index solve(const kernels::RowSystem& system, const CsrBlock& block, kernels::RowWorkspace& workspace,
                            MatrixView solution, std::span<kernels::RowLoss> losses);

 private:
  std::vector<HeavyGroup> groups_;
  std::vector<Matrix> sums_;
  std::vector<ConstMatrixView> views_;  // of sums_
};

}  // namespace rankwise
