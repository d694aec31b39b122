#include "distributed/als/heavy_rows.hpp"

#include <algorithm>

#include "kernels/als/solve_rows.hpp"

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

CsrRow entries_of_part(CsrRow row, Index part) {
  const RowRange range = kernels::part_range(row.size(), part);
  return row.middle(range.begin, range.size());
}

}  // namespace

Index most_parts_at_once(Index width, int threads) {
  return threads * parts_per_thread(width);
}

Index heavy_part_bytes(Index longest_row, Index width, int threads) {
  if (!kernels::is_heavy(longest_row)) return 0;
  return std::max(kernels::part_count(longest_row), most_parts_at_once(width, threads)) * part_bytes(width);
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
    part_losses_.resize(parts);
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
  const bool has_closed_loss = system.objective.has_closed_loss();
  for (const HeavyGroup& group : parted_groups_) {
    // 1. Sums of parts.
#pragma omp for schedule(dynamic)
    for (std::size_t p = 0; p < group.parts.size(); ++p) {
      const auto [row, part] = group.parts[p];
      const CsrRow entries = block.row(row);
      const auto end = static_cast<std::size_t>(kernels::part_range(entries.size(), part).end);
      kernels::accumulate_part(system, entries_of_part(entries, part), part == 0 ? system.base : ConstMatrixView(),
                               entries.columns.subspan(end), workspace, sums_[p].view());
      poll();
    }
    // 2. Solutions.
#pragma omp for schedule(dynamic)
    for (const HeavyRow& heavy : group.rows) {
      const CsrRow entries = block.row(heavy.row);
      kernels::PartedRow parted{entries.size(), 0, system.prior_row(heavy.row)};
      for (std::size_t part = 0; has_closed_loss && part < heavy.parts; ++part) {
        parted.target_squares += kernels::squared_targets(entries_of_part(entries, static_cast<Index>(part)));
      }
      const auto parts = std::span(views_).subspan(heavy.first_part, heavy.parts);
      const bool found = kernels::solve_parts(system, parted, parts, workspace, solution.row(heavy.row),
                                              losses[static_cast<std::size_t>(heavy.row)]);
      if (!found) note_failure(heavy.row);
    }
    // 3. Losses that take another pass over the entries.
    if (has_closed_loss) continue;
#pragma omp for schedule(dynamic)
    for (std::size_t p = 0; p < group.parts.size(); ++p) {
      const auto [row, part] = group.parts[p];
      part_losses_[p] = kernels::part_loss(system, entries_of_part(block.row(row), part), solution.row(row));
      poll();
    }
#pragma omp for
    for (const HeavyRow& heavy : group.rows) {
      for (std::size_t part = 0; part < heavy.parts; ++part) {
        losses[static_cast<std::size_t>(heavy.row)].add_observed(part_losses_[heavy.first_part + part]);
      }
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
