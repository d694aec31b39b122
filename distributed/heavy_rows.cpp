#include "distributed/heavy_rows.hpp"

#include <algorithm>

#include "kernels/solve_rows.hpp"

namespace rankwise {

namespace {

Index part_bytes(Index width) {
  return padded_columns(width) * (padded_columns(width) + 1) * static_cast<Index>(sizeof(float));
}

/// Parts in memory at once, per thread: 16 balance the team, fewer where they are large.
Index parts_per_thread(Index width) {
  constexpr Index bytes_per_thread = Index{64} << 20;
  return std::clamp<Index>(bytes_per_thread / part_bytes(width), 2, 16);
}

}  // namespace

Index most_parts_at_once(Index width, int threads) {
  return threads * parts_per_thread(width);
}

Index heavy_part_bytes(Index longest_row, Index width) {
  if (!kernels::is_heavy(longest_row)) return 0;
  return std::max(kernels::part_count(longest_row), parts_per_thread(width)) * part_bytes(width);
}

HeavyRowTeam::HeavyRowTeam(const kernels::RowMethod& method, const CsrBlock& block, RowRange rows, Index width,
                           int threads)
    : method_(method) {
  if (std::holds_alternative<kernels::ConjugateGradients>(method)) {
    groups_in_step_ = group_long_rows(block, rows, kernels::longest_batch_row(method, width), threads);
  } else if (std::holds_alternative<kernels::ExactRows>(method)) {
    parted_groups_ = group_heavy_rows(block, rows, most_parts_at_once(width, threads));
    std::size_t parts = 0;
    for (const HeavyGroup& group : parted_groups_) parts = std::max(parts, group.parts.size());
    for (std::size_t p = 0; p < parts; ++p) {
      views_.emplace_back(sums_.emplace_back(padded_columns(width) + 1, padded_columns(width)).view());
    }
  }
}

Index HeavyRowTeam::solve(const kernels::RowSystem& system, const CsrBlock& block, kernels::RowWorkspace& workspace,
                          MatrixView solution, std::span<kernels::RowLoss> losses, const std::function<void()>& poll) {
  Index failed_row = -1;
  const auto note_failure = [&failed_row](Index row) {
    if (row >= 0) failed_row = failed_row < 0 ? row : std::min(failed_row, row);
  };
  for (const HeavyGroup& group : parted_groups_) {
#pragma omp for schedule(dynamic)
    for (std::size_t p = 0; p < group.parts.size(); ++p) {
      const RowPart& part = group.parts[p];
      kernels::accumulate_part(system, block.row(part.row), part.part, workspace, sums_[p].view());
      poll();
    }
#pragma omp for schedule(dynamic)
    for (const HeavyRow& heavy : group.rows) {
      const auto parts = std::span(views_).subspan(heavy.first_part, heavy.parts);
      const bool found = kernels::solve_parts(system, block.row(heavy.row), parts, workspace, solution.row(heavy.row),
                                              losses[static_cast<std::size_t>(heavy.row)]);
      if (!found) note_failure(heavy.row);
    }
  }
#pragma omp for schedule(dynamic) nowait
  for (const std::vector<Index>& rows : groups_in_step_) {
    note_failure(kernels::improve_rows(system, block, rows, std::get<kernels::ConjugateGradients>(method_), workspace,
                                       solution, losses));
    poll();
  }
  return failed_row;
}

}  // namespace rankwise
