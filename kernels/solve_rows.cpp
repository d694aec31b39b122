#include "kernels/solve_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/solve_rows.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/cholesky-inl.hpp"
#include "kernels/dual_rows-inl.hpp"
#include "kernels/primal_row-inl.hpp"
#include "kernels/row_loss-inl.hpp"
#include "kernels/row_product-inl.hpp"
#include "kernels/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Where the dual is exact and safe: no weight below zero, and a positive diagonal.
HWY_INLINE bool takes_dual(const RowSystem& system, SparseRow entries, float lambda) {
  if (entries.size() > system.dual.longest_row) return false;
  if (!(lambda + (system.dual.values == nullptr ? 0.0F : system.dual.values[0]) > 0.0F)) return false;
  const float weight_shift = system.objective.weight_shift();
  return weight_shift == 0.0F || std::all_of(entries.values.begin(), entries.values.end(),
                                             [weight_shift](float value) { return value >= weight_shift; });
}

/// A row of a batch that goes to the dual.
struct DualRow {
  Index row;
  float lambda;
};

/// The loss of a row whose weights are one: z holds what the solution leaves of each target.
HWY_INLINE RowLoss dual_loss(const RowSystem& system, const float* z, Index entries) {
  RowLoss loss;
  for (Index e = 0; e < entries; ++e) {
    const auto rest = static_cast<double>(z[e]);
    loss.observed += rest * rest;
    if (system.objective.loss == LossKind::implicit_feedback) loss.observed_squares += (1.0 - rest) * (1.0 - rest);
  }
  return loss;
}

/// Solves rows of at most lane_entries entries, one per lane. Solutions, in the basis, from `solutions` on.
HWY_INLINE void solve_lane_rows(const RowSystem& system, const CsrBlock& block, std::span<const DualRow> rows,
                                RowWorkspace& workspace, Index first_solution, std::span<RowLoss> losses) {
  DualWorkspace& dual = workspace.dual;
  for (std::size_t first = 0; first < rows.size(); first += static_cast<std::size_t>(vector_floats)) {
    const auto lanes = rows.subspan(first, std::min(rows.size() - first, static_cast<std::size_t>(vector_floats)));
    const Index longest = block.row_size(lanes.back().row);  // sorted by length
    dual.clear_lanes(longest);
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      if (first + lane + 1 < rows.size()) prefetch_features(system, block.row(rows[first + lane + 1].row));
      build_lane_system(system, block.row(lanes[lane].row), lanes[lane].lambda, static_cast<Index>(lane), workspace);
    }
    solve_lane_systems(longest, dual);
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      const SparseRow entries = block.row(lanes[lane].row);
      float z[lane_entries];
      for (Index e = 0; e < entries.size(); ++e) z[e] = dual.lane_rhs(e)[lane];
      find_dual_rows(system, entries, workspace);
      invert_base(system.dual, lanes[lane].lambda, workspace);
      combine_rows(z, entries.size(), workspace, dual.solutions.row(first_solution + static_cast<Index>(first + lane)));
      losses[static_cast<std::size_t>(lanes[lane].row)] = dual_loss(system, z, entries.size());
    }
  }
}

constexpr Index no_row = std::numeric_limits<Index>::max();

/// Solves `rows`, sorted by length, in the dual. Returns the lowest that has no solution, or no_row.
HWY_INLINE Index solve_dual_rows(const RowSystem& system, const CsrBlock& block, std::span<const DualRow> rows,
                                 RowWorkspace& workspace, MatrixView solution, std::span<RowLoss> losses) {
  DualWorkspace& dual = workspace.dual;
  dual.inverse_base_lambda = -1;
  Index failed = no_row;
  // 1. Solutions in the basis.
  const auto longer = std::find_if(rows.begin(), rows.end(),
                                   [&block](const DualRow& row) { return block.row_size(row.row) > lane_entries; });
  const auto lane_rows = static_cast<std::size_t>(longer - rows.begin());
  solve_lane_rows(system, block, rows.first(lane_rows), workspace, 0, losses);
  for (std::size_t r = lane_rows; r < rows.size(); ++r) {
    const SparseRow entries = block.row(rows[r].row);
    const SparseRow upcoming = r + 1 < rows.size() ? block.row(rows[r + 1].row) : SparseRow();
    if (!solve_dual_row(system, entries, upcoming, rows[r].lambda, workspace,
                        dual.solutions.row(static_cast<Index>(r)))) {
      failed = std::min(failed, rows[r].row);
    }
    losses[static_cast<std::size_t>(rows[r].row)] = dual_loss(system, workspace.rhs(), entries.size());
  }
  // 2. Rotated back, all at once.
  const float* inputs[dual_batch_rows];
  float* outputs[dual_batch_rows];
  for (std::size_t r = 0; r < rows.size(); ++r) {
    inputs[r] = dual.solutions.row(static_cast<Index>(r));
    outputs[r] = solution.row(rows[r].row);
  }
  if (system.dual.back.rows > 0) {
    multiply_rows(inputs, static_cast<Index>(rows.size()), system.dual.back, outputs);
  } else {
    for (std::size_t r = 0; r < rows.size(); ++r) std::copy_n(inputs[r], workspace.padded_width, outputs[r]);
  }
  // 3. The rest of the losses.
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Index row = rows[r].row;
    if (!all_finite(outputs[r], workspace.width)) failed = std::min(failed, row);
    RowLoss& loss = losses[static_cast<std::size_t>(row)];
    if (system.objective.unit_weights()) {
      loss.regularizer = regularizer(outputs[r], rows[r].lambda, solution.stride);
    } else {
      loss = row_loss(system, block.row(row), outputs[r], rows[r].lambda, workspace.width);
    }
  }
  return failed;
}

/// Solves a row by its normal equations; false when they have no finite solution.
HWY_INLINE bool solve_primal_row(const RowSystem& system, SparseRow entries, float lambda,
                                 std::span<const LocalIndex> upcoming, RowWorkspace& workspace, float* x) {
  accumulate_entries(system, entries, system.base, upcoming, workspace);
  add_regularization(lambda, workspace);
  if (!factor_and_solve(workspace, workspace.width) || !all_finite(workspace.rhs(), workspace.width)) return false;
  std::copy_n(workspace.rhs(), workspace.padded_width, x);
  return true;
}

/// At most dual_batch_rows rows.
HWY_INLINE Index solve_batch(const RowSystem& system, const CsrBlock& block, RowRange rows, RowWorkspace& workspace,
                             MatrixView solution, std::span<RowLoss> losses) {
  // 1. Rows without entries are zero; the others go to the dual or are solved at once.
  DualRow dual_rows[dual_batch_rows];
  std::size_t dual_count = 0;
  Index failed = no_row;
  for (Index r = rows.begin; r < rows.end; ++r) {
    const SparseRow entries = block.row(r);
    if (entries.size() == 0) {
      std::fill_n(solution.row(r), workspace.padded_width, 0.0F);
      losses[static_cast<std::size_t>(r)] = {};
      continue;
    }
    const float lambda = system.objective.row_regularization(entries.size(), system.opposite_rows);
    if (takes_dual(system, entries, lambda)) {
      dual_rows[dual_count++] = {r, lambda};
      continue;
    }
    const auto upcoming =
        block.columns().subspan(static_cast<std::size_t>(block.offsets()[static_cast<std::size_t>(r) + 1]));
    if (solve_primal_row(system, entries, lambda, upcoming, workspace, solution.row(r))) {
      losses[static_cast<std::size_t>(r)] = row_loss(system, entries, solution.row(r), lambda, workspace.width);
    } else {
      failed = std::min(failed, r);
    }
  }
  // 2. Short rows, by length: equal lengths share a base and fill lanes.
  std::stable_sort(dual_rows, dual_rows + dual_count, [&block](const DualRow& a, const DualRow& b) {
    return block.row_size(a.row) < block.row_size(b.row);
  });
  failed = std::min(failed, solve_dual_rows(system, block, {dual_rows, dual_count}, workspace, solution, losses));
  return failed == no_row ? -1 : failed;
}

Index solve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, RowWorkspace& workspace,
                 MatrixView solution, std::span<RowLoss> losses) {
  for (Index first = rows.begin; first < rows.end; first += dual_batch_rows) {
    const RowRange batch{first, std::min(first + dual_batch_rows, rows.end)};
    const Index failed = solve_batch(system, block, batch, workspace, solution, losses);
    if (failed >= 0) return failed;
  }
  return -1;
}

void normal_equations(const RowSystem& system, SparseRow entries, std::span<const LocalIndex> upcoming,
                      RowWorkspace& workspace) {
  accumulate_entries(system, entries, system.base, upcoming, workspace);
  add_regularization(system.objective.row_regularization(entries.size(), system.opposite_rows), workspace);
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(solve_rows);
HWY_EXPORT(normal_equations);

Index solve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, RowWorkspace& workspace,
                 MatrixView solution, std::span<RowLoss> losses) {
  return HWY_DYNAMIC_DISPATCH(solve_rows)(system, block, rows, workspace, solution, losses);
}

void normal_equations(const RowSystem& system, SparseRow entries, std::span<const LocalIndex> upcoming,
                      RowWorkspace& workspace) {
  HWY_DYNAMIC_DISPATCH(normal_equations)(system, entries, upcoming, workspace);
}

double solve_row_flops(Index entries, Index width) {
  const auto n = static_cast<double>(entries);
  const auto k = static_cast<double>(width);
  return n > 0 ? n * k * (k + 1) + k * k * k / 3 + 2 * k * k : 0.0;
}

}  // namespace rankwise::kernels
#endif
