#pragma once
// Rows with a large share of all entries, solved by a whole team of threads.

#include <functional>
#include <span>
#include <vector>

#include "distributed/als/row_schedule.hpp"
#include "kernels/als/row_method.hpp"
#include "kernels/als/row_system.hpp"
#include "kernels/als/row_workspace.hpp"

namespace rankwise {

/// Parts of heavy rows in memory at once, unless one row has more.
[[nodiscard]] Index most_parts_at_once(Index width, int threads);
/// Bytes of the parts of heavy rows in memory at once, where the longest row has `longest_row` entries.
[[nodiscard]] Index heavy_part_bytes(Index longest_row, Index width, int threads);

/// The ones among `rows` of a block that batches leave out (kernels::longest_batch_row). Exact solutions sum them in
/// parts and keep memory for these, 64 MiB, or two parts, per thread at the most; conjugate gradients take groups of
/// them in step.
class HeavyRowTeam {
 public:
  HeavyRowTeam(const kernels::RowMethod& method, const CsrBlock& block, RowRange rows, Index width, int threads);

  /// Solves all heavy rows: parts are summed, and groups improved, by whatever thread is free; parts are then added in
  /// order. Every thread of an OpenMP team must call it, each with its own workspace. Returns the lowest row without a
  /// finite solution that this thread met, or -1. Threads call `poll` between portions of work.
  [[nodiscard]] Index solve(const kernels::RowSystem& system, const CsrBlock& block, kernels::RowWorkspace& workspace,
                            MatrixView solution, std::span<kernels::RowLoss> losses, const std::function<void()>& poll);

 private:
  kernels::RowMethod method_;
  std::vector<HeavyGroup> parted_groups_;
  std::vector<Matrix> sums_;
  std::vector<ConstMatrixView> views_;  // of sums_
  std::vector<kernels::RowLoss> part_losses_;
  std::vector<std::vector<Index>> groups_in_step_;
};

}  // namespace rankwise
