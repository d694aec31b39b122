#include "distributed/solve_side.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <omp.h>

#include "kernels/solve_rows.hpp"

namespace rankwise {

namespace {

constexpr Index no_row = std::numeric_limits<Index>::max();

/// Parts of heavy rows that are in memory at once, per thread: enough for balance, and 16 k^2 floats.
constexpr Index parts_per_thread = 16;

/// A heavy row and where its parts stand in its group.
struct HeavyRow {
  Index row;
  std::size_t first_part;
  std::size_t parts;
};

/// One part of a heavy row.
struct RowPart {
  Index row;
  Index part;
};

/// Heavy rows whose parts are summed together.
struct HeavyGroup {
  std::vector<HeavyRow> rows;
  std::vector<RowPart> parts;
};

bool splits_heavy_rows(const SolverPlan& plan) {
  return std::holds_alternative<ExactRows>(plan);
}

std::vector<HeavyGroup> group_heavy_rows(const CsrBlock& block, Index most_parts) {
  std::vector<HeavyGroup> groups;
  for (Index r = 0; r < block.rows(); ++r) {
    if (!kernels::is_heavy(block.row_size(r))) continue;
    const Index parts = kernels::part_count(block.row_size(r));
    if (groups.empty() || static_cast<Index>(groups.back().parts.size()) + parts > most_parts) groups.emplace_back();
    groups.back().rows.push_back({r, groups.back().parts.size(), static_cast<std::size_t>(parts)});
    for (Index part = 0; part < parts; ++part) groups.back().parts.push_back({r, part});
  }
  return groups;
}

/// Ranges of at most dual_batch_rows rows without the heavy ones, those with the most entries first.
std::vector<RowRange> batches_of(const CsrBlock& block, bool without_heavy_rows) {
  std::vector<RowRange> batches;
  RowRange batch;
  const auto close = [&batches, &batch] {
    if (batch.size() > 0) batches.push_back(batch);
  };
  for (Index r = 0; r < block.rows(); ++r) {
    if (without_heavy_rows && kernels::is_heavy(block.row_size(r))) {
      close();
      batch = {r + 1, r + 1};
      continue;
    }
    batch.end = r + 1;
    if (batch.size() == kernels::dual_batch_rows) {
      close();
      batch = {r + 1, r + 1};
    }
  }
  close();
  const auto entries = [offsets = block.offsets()](RowRange rows) {
    return offsets[static_cast<std::size_t>(rows.end)] - offsets[static_cast<std::size_t>(rows.begin)];
  };
  std::stable_sort(batches.begin(), batches.end(),
                   [&entries](RowRange a, RowRange b) { return entries(a) > entries(b); });
  return batches;
}

/// Solves or improves a batch by the plan's method.
struct BatchSolver {
  const kernels::RowSystem& system;
  const CsrBlock& block;
  MatrixView solution;
  std::span<kernels::RowLoss> losses;

  Index operator()(const ExactRows& /*rows*/, RowRange batch, kernels::RowWorkspace& workspace) const {
    return kernels::solve_rows(system, block, batch, workspace, solution, losses);
  }
  template <class Method>
  Index operator()(const Method& method, RowRange batch, kernels::RowWorkspace& workspace) const {
    const auto begin = std::chrono::steady_clock::now();
    const Index failed = kernels::improve_rows(system, block, batch, method, workspace, solution, losses);
    workspace.tally.iterative_rows += batch.size();
    workspace.tally.iterative_seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return failed;
  }
};

}  // namespace

SolvedSide solve_side(const SolverPlan& plan, const kernels::RowSystem& system, const CsrBlock& block,
                      MatrixView solution) {
  SolvedSide solved;
  solved.losses.resize(static_cast<std::size_t>(block.rows()));
  const Index most_parts = parts_per_thread * omp_get_max_threads();
  const std::vector<HeavyGroup> groups =
      splits_heavy_rows(plan) ? group_heavy_rows(block, most_parts) : std::vector<HeavyGroup>();
  const std::vector<RowRange> batches = batches_of(block, splits_heavy_rows(plan));
  const Index padded_width = padded_columns(system.other.columns);
  std::vector<Matrix> sums;
  for (const HeavyGroup& group : groups) {
    while (sums.size() < group.parts.size()) sums.emplace_back(padded_width + 1, padded_width);
  }
  std::vector<ConstMatrixView> views(sums.size());
  std::ranges::transform(sums, views.begin(), [](const Matrix& sum) { return sum.view(); });
  const BatchSolver solve_batch{system, block, solution, solved.losses};
  Index failed_row = no_row;
#pragma omp parallel reduction(min : failed_row)
  {
    kernels::RowWorkspace workspace(system.other.columns);
    // 1. Heavy rows, group by group: the parts' sums, then each row's solution from its parts.
    for (const HeavyGroup& group : groups) {
#pragma omp for schedule(dynamic)
      for (std::size_t p = 0; p < group.parts.size(); ++p) {
        const RowPart& part = group.parts[p];
        kernels::accumulate_part(system, block.row(part.row), part.part, workspace, sums[p].view());
      }
#pragma omp for schedule(dynamic)
      for (const HeavyRow& heavy : group.rows) {
        const auto parts = std::span(views).subspan(heavy.first_part, heavy.parts);
        const bool found = kernels::solve_parts(system, block.row(heavy.row), parts, workspace, solution.row(heavy.row),
                                                solved.losses[static_cast<std::size_t>(heavy.row)]);
        if (!found) failed_row = std::min(failed_row, heavy.row);
      }
    }
    // 2. All others, batch by batch.
#pragma omp for schedule(dynamic)
    for (std::size_t b = 0; b < batches.size(); ++b) {
      const auto solve = [&](const auto& method) { return solve_batch(method, batches[b], workspace); };
      const Index failed = std::visit(solve, plan);
      if (failed >= 0) failed_row = std::min(failed_row, failed);
    }
#pragma omp critical(rankwise_tally)
    solved.tally += workspace.tally;
  }
  if (failed_row != no_row) solved.failed_row = failed_row;
  return solved;
}

}  // namespace rankwise
