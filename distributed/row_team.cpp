#include "distributed/row_team.hpp"

#include <algorithm>
#include <limits>
#include <omp.h>

#include "distributed/heavy_rows.hpp"
#include "kernels/solve_rows.hpp"

namespace rankwise {

Index RowTeam::solve(const kernels::RowSystem& system, const CsrBlock& block, RowRange rows, MatrixView solution,
                     std::span<kernels::RowLoss> losses) {
  HeavyRowTeam heavy(plan_, block, rows, width_, omp_get_max_threads());
  const std::vector<RowRange> batches = batch_rows(block, rows, kernels::longest_batch_row(plan_, width_));
  constexpr Index none = std::numeric_limits<Index>::max();
  Index failed_row = none;
  // Only the thread that initialized MPI may call it (MPI_THREAD_FUNNELED): the team's first.
  const auto poll = [this] {
    if (omp_get_thread_num() == 0) poll_();
  };
#pragma omp parallel reduction(min : failed_row)
  {
    const auto note_failure = [&failed_row](Index row) {
      if (row >= 0) failed_row = std::min(failed_row, row);
    };
    kernels::RowWorkspace workspace(width_);
    note_failure(heavy.solve(system, block, workspace, solution, losses, poll));
#pragma omp for schedule(dynamic)
    for (const RowRange& batch : batches) {
      note_failure(kernels::solve_rows(plan_, system, block, batch, workspace, solution, losses));
      poll();
    }
#pragma omp critical(rankwise_tally)
    tally_ += workspace.tally;
  }
  return failed_row == none ? -1 : failed_row;
}

}  // namespace rankwise
