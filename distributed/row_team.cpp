#include "distributed/row_team.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <omp.h>

#include "distributed/heavy_rows.hpp"
#include "kernels/solve_rows.hpp"

namespace rankwise {

RowTeam::RowTeam(const SolverPlan& plan, Index width, std::function<void()> poll)
    : plan_(plan),
      width_(width),
      poll_(std::move(poll)),
      workspaces_(static_cast<std::size_t>(omp_get_max_threads())) {}

kernels::SolveTally RowTeam::tally() const {
  kernels::SolveTally sum;
  for (const auto& workspace : workspaces_) {
    if (workspace) sum += workspace->tally;
  }
  return sum;
}

Index RowTeam::solve(const kernels::RowSystem& system, const CsrBlock& block, RowRange rows, MatrixView solution,
                     std::span<kernels::RowLoss> losses) {
  HeavyRowTeam heavy(plan_, block, rows, width_, omp_get_max_threads());
  const std::vector<RowRange> batches = batch_rows(block, rows, kernels::longest_batch_row(plan_, width_));
  constexpr Index none = std::numeric_limits<Index>::max();
  Index failed_row = none;
  // Only the thread that initialized MPI may call it (MPI_THREAD_FUNNELED): the team's first.
  std::exception_ptr failure;  // none may leave a parallel region
  const auto poll = [&] {
    if (omp_get_thread_num() != 0 || failure) return;
    try {
      poll_();
    } catch (...) {
      failure = std::current_exception();
    }
  };
#pragma omp parallel reduction(min : failed_row)
  {
    const auto note_failure = [&failed_row](Index row) {
      if (row >= 0) failed_row = std::min(failed_row, row);
    };
    auto& own = workspaces_[static_cast<std::size_t>(omp_get_thread_num())];
    if (!own) own = std::make_unique<kernels::RowWorkspace>(width_);  // by its thread, near which its memory is
    kernels::RowWorkspace& workspace = *own;
    note_failure(heavy.solve(system, block, workspace, solution, losses, poll));
#pragma omp for schedule(dynamic)
    for (const RowRange& batch : batches) {
      note_failure(kernels::solve_rows(plan_, system, block, batch, workspace, solution, losses));
      poll();
    }
  }
  if (failure) std::rethrow_exception(failure);
  return failed_row == none ? -1 : failed_row;
}

}  // namespace rankwise
