#include "kernels/als/solve_rows.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/als/solve_rows.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/als/dual_rows-inl.hpp"
#include "kernels/als/entry_products-inl.hpp"
#include "kernels/als/primal_row-inl.hpp"
#include "kernels/als/row_loss-inl.hpp"
#include "kernels/dense/cholesky-inl.hpp"
#include "kernels/dense/row_product-inl.hpp"
#include "kernels/dense/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Where the dual is exact and safe: no prior, no weight below zero, and a positive diagonal.
HWY_INLINE bool takes_dual(const RowSystem& system, CsrRow entries, float lambda) {
  if (system.prior.rows > 0) return false;
  if (entries.size() > system.dual.longest_row) return false;
  if (!(lambda + (system.basis.values == nullptr ? 0.0F : system.basis.values[0]) > 0.0F)) return false;
  const float weight_shift = system.objective.weight_shift();
  return weight_shift == 0.0F || std::all_of(entries.values.begin(), entries.values.end(),
                                             [weight_shift](float value) { return value >= weight_shift; });
}

/// A row of a batch, and its lambda_u.
struct BatchRow {
  Index row;
  float lambda;
};

/// The loss of a row whose weights are one: z holds what the solution leaves of each target.
HWY_INLINE RowLoss dual_loss(const float* z, Index entries) {
  RowLoss loss;
  for (Index e = 0; e < entries; ++e) {
    const auto rest = static_cast<double>(z[e]);
    loss.observed += rest * rest;
  }
  return loss;
}

/// Solves rows of at most lane_entries entries, one per lane. Row r's solution, in the basis, is dual.solutions.row(r).
HWY_INLINE void solve_lane_rows(const RowSystem& system, const CsrBlock& block, std::span<const BatchRow> rows,
                                RowWorkspace& workspace, std::span<RowLoss> losses) {
  DualWorkspace& dual = workspace.dual;
  for (std::size_t first = 0; first < rows.size(); first += static_cast<std::size_t>(vector_floats)) {
    const auto lanes = rows.subspan(first, std::min(rows.size() - first, static_cast<std::size_t>(vector_floats)));
    const Index longest = block.row_size(lanes.back().row);  // sorted by length
    dual.clear_lanes(longest);
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      if (first + lane + 1 < rows.size())
        prefetch_rows(system.dual.rotated, block.row(rows[first + lane + 1].row).columns);
      build_lane_system(system, block.row(lanes[lane].row), lanes[lane].lambda, static_cast<Index>(lane), workspace);
    }
    solve_lane_systems(longest, dual);
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      const CsrRow entries = block.row(lanes[lane].row);
      float z[lane_entries];
      for (Index e = 0; e < entries.size(); ++e) z[e] = dual.lane_rhs(e)[lane];
      find_dual_rows(system, entries, workspace);
      invert_base(system.basis, lanes[lane].lambda, workspace);
      combine_rows(z, entries.size(), workspace, dual.solutions.row(static_cast<Index>(first + lane)));
      losses[static_cast<std::size_t>(lanes[lane].row)] = dual_loss(z, entries.size());
    }
  }
}

constexpr Index no_row = std::numeric_limits<Index>::max();

/// Solves `rows`, sorted by length, in the dual. Returns the lowest that has no solution, or no_row.
HWY_INLINE Index solve_dual_rows(const RowSystem& system, const CsrBlock& block, std::span<const BatchRow> rows,
                                 RowWorkspace& workspace, MatrixView solution, std::span<RowLoss> losses) {
  DualWorkspace& dual = workspace.dual;
  dual.inverse_base_lambda = -1;
  Index failed = no_row;
  // 1. Solutions in the basis.
  const auto longer = std::find_if(rows.begin(), rows.end(),
                                   [&block](const BatchRow& row) { return block.row_size(row.row) > lane_entries; });
  const auto lane_rows = static_cast<std::size_t>(longer - rows.begin());
  solve_lane_rows(system, block, rows.first(lane_rows), workspace, losses);
  for (std::size_t r = lane_rows; r < rows.size(); ++r) {
    const CsrRow entries = block.row(rows[r].row);
    const CsrRow upcoming = r + 1 < rows.size() ? block.row(rows[r + 1].row) : CsrRow();
    if (!solve_dual_row(system, entries, upcoming, rows[r].lambda, workspace,
                        dual.solutions.row(static_cast<Index>(r)))) {
      failed = std::min(failed, rows[r].row);
    }
    losses[static_cast<std::size_t>(rows[r].row)] = dual_loss(workspace.rhs(), entries.size());
  }
  // 2. Rotated back, all at once.
  const float* inputs[dual_batch_rows];
  float* outputs[dual_batch_rows];
  for (std::size_t r = 0; r < rows.size(); ++r) {
    inputs[r] = dual.solutions.row(static_cast<Index>(r));
    outputs[r] = solution.row(rows[r].row);
  }
  if (system.basis.back.rows > 0) {
    multiply_rows(inputs, static_cast<Index>(rows.size()), system.basis.back, outputs);
  } else {
    for (std::size_t r = 0; r < rows.size(); ++r) std::copy_n(inputs[r], workspace.padded_width, outputs[r]);
  }
  // 3. The rest of the losses.
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Index row = rows[r].row;
    if (!all_finite(outputs[r], workspace.padded_width)) failed = std::min(failed, row);
    RowLoss& loss = losses[static_cast<std::size_t>(row)];
    if (system.objective.unit_weights()) {
      loss.regularizer = regularizer(outputs[r], rows[r].lambda, solution.stride);
    } else {
      loss = row_loss(system, block.row(row), outputs[r], rows[r].lambda);
    }
  }
  return failed;
}

/// rhs += lambda prior; saved_rhs = rhs - lambda prior, as closed_row_loss takes it. A null prior stands for zero.
HWY_INLINE void add_prior(float lambda, const float* prior, RowWorkspace& workspace) {
  std::copy_n(workspace.rhs(), workspace.padded_width, workspace.saved_rhs());
  if (prior == nullptr) return;
  add_scaled(lambda, prior, workspace.rhs(), workspace.padded_width);
  add_scaled(-lambda, prior, workspace.saved_rhs(), workspace.padded_width);
}

/// Solves the accumulated system and finds the row's loss, but for the observed part where that takes another pass over
/// the entries; false when it has no finite solution.
HWY_INLINE bool solve_accumulated(const RowSystem& system, double target_squares, float lambda, const float* prior,
                                  RowWorkspace& workspace, float* x, RowLoss& loss) {
  add_regularization(lambda, workspace);
  add_prior(lambda, prior, workspace);
  if (!factor_and_solve(workspace.system, workspace.width) || !all_finite(workspace.rhs(), workspace.padded_width))
    return false;
  std::copy_n(workspace.rhs(), workspace.padded_width, x);
  loss = {};
  if (system.objective.has_closed_loss())
    loss = closed_row_loss(system, target_squares, workspace.saved_rhs(), x, lambda, workspace.base_product());
  loss.regularizer = regularizer(x, prior, lambda, workspace.padded_width, workspace.base_product());
  return true;
}

void accumulate_part(const RowSystem& system, CsrRow part, ConstMatrixView from, std::span<const LocalIndex> upcoming,
                     RowWorkspace& workspace, MatrixView sum) {
  const auto begin = std::chrono::steady_clock::now();
  accumulate_entries(system, part, from, upcoming, workspace);
  const Index width = workspace.padded_width;
  for (Index r = 0; r < width; ++r) std::copy_n(workspace.system.matrix.row(r), width, sum.row(r));
  std::copy_n(workspace.rhs(), width, sum.row(width));
  workspace.tally.primal_seconds += seconds_since(begin);
}

bool solve_parts(const RowSystem& system, const PartedRow& row, std::span<const ConstMatrixView> parts,
                 RowWorkspace& workspace, float* x, RowLoss& loss) {
  const auto begin = std::chrono::steady_clock::now();
  const Index width = workspace.padded_width;
  const FloatTag d;
  for (Index r = 0; r <= width; ++r) {
    float* total = r < width ? workspace.system.matrix.row(r) : workspace.rhs();
    for (Index c = 0; c < width; c += vector_floats) {
      FloatVector sum = hn::Load(d, parts[0].row(r) + c);
      for (const ConstMatrixView& part : parts.subspan(1)) sum = hn::Add(sum, hn::Load(d, part.row(r) + c));
      hn::Store(sum, d, total + c);
    }
  }
  const float lambda = system.objective.row_regularization(row.entries, system.opposite_rows);
  const bool solved = solve_accumulated(system, row.target_squares, lambda, row.prior, workspace, x, loss);
  ++workspace.tally.primal_rows;
  workspace.tally.primal_seconds += seconds_since(begin);
  return solved;
}

RowLoss part_loss(const RowSystem& system, CsrRow part, const float* x) {
  return entries_loss(system, part, x);
}

/// At most dual_batch_rows rows, none of them heavy.
HWY_INLINE Index solve_batch(const RowSystem& system, const CsrBlock& block, RowRange rows, RowWorkspace& workspace,
                             MatrixView solution, std::span<RowLoss> losses) {
  // 1. Rows without entries are zero; the others go to the dual or to their normal equations.
  BatchRow dual_rows[dual_batch_rows];
  BatchRow primal_rows[dual_batch_rows];
  std::size_t dual_count = 0;
  std::size_t primal_count = 0;
  for (Index r = rows.begin; r < rows.end; ++r) {
    const CsrRow entries = block.row(r);
    const float lambda = system.objective.row_regularization(entries.size(), system.opposite_rows);
    if (entries.size() == 0) {
      std::fill_n(solution.row(r), workspace.padded_width, 0.0F);
      losses[static_cast<std::size_t>(r)] = {};
    } else if (takes_dual(system, entries, lambda)) {
      dual_rows[dual_count++] = {r, lambda};
    } else {
      primal_rows[primal_count++] = {r, lambda};
    }
  }
  // By length: equal short rows share a base and fill lanes, and a long row has the time to fetch the next one's
  // features.
  const auto shorter = [&block](const BatchRow& a, const BatchRow& b) {
    return block.row_size(a.row) < block.row_size(b.row);
  };
  std::stable_sort(dual_rows, dual_rows + dual_count, shorter);
  std::stable_sort(primal_rows, primal_rows + primal_count, shorter);
  // 2. Long rows.
  Index failed = no_row;
  const bool has_closed_loss = system.objective.has_closed_loss();
  const auto begin = std::chrono::steady_clock::now();
  if (primal_count > 0) {  // the others' features come during the row before
    const CsrRow first = block.row(primal_rows[0].row);
    prefetch_rows(system.other,
                  first.middle(0, std::min(first.size(), entries_per_chunk(workspace.padded_width))).columns);
  }
  for (std::size_t p = 0; p < primal_count; ++p) {
    const auto [row, lambda] = primal_rows[p];
    const CsrRow entries = block.row(row);
    const CsrRow upcoming = p + 1 < primal_count ? block.row(primal_rows[p + 1].row) : CsrRow();
    accumulate_entries(system, entries, system.base, upcoming.columns, workspace);
    RowLoss& loss = losses[static_cast<std::size_t>(row)];
    const double target_squares = has_closed_loss ? squared_targets(entries) : 0.0;
    if (!solve_accumulated(system, target_squares, lambda, system.prior_row(row), workspace, solution.row(row), loss)) {
      failed = std::min(failed, row);
    } else if (!has_closed_loss) {
      loss.add_observed(entries_loss(system, entries, solution.row(row)));
    }
  }
  const auto middle = std::chrono::steady_clock::now();
  // 3. Short rows.
  failed = std::min(failed, solve_dual_rows(system, block, {dual_rows, dual_count}, workspace, solution, losses));
  workspace.tally.primal_seconds += std::chrono::duration<double>(middle - begin).count();
  workspace.tally.primal_rows += static_cast<Index>(primal_count);
  workspace.tally.dual_rows += static_cast<Index>(dual_count);
  workspace.tally.dual_seconds += seconds_since(middle);
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

void normal_equations(const RowSystem& system, CsrRow entries, std::span<const LocalIndex> upcoming,
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
HWY_EXPORT(accumulate_part);
HWY_EXPORT(solve_parts);
HWY_EXPORT(part_loss);

Index solve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, RowWorkspace& workspace,
                 MatrixView solution, std::span<RowLoss> losses) {
  return HWY_DYNAMIC_DISPATCH(solve_rows)(system, block, rows, workspace, solution, losses);
}

void normal_equations(const RowSystem& system, CsrRow entries, std::span<const LocalIndex> upcoming,
                      RowWorkspace& workspace) {
  HWY_DYNAMIC_DISPATCH(normal_equations)(system, entries, upcoming, workspace);
}

void accumulate_part(const RowSystem& system, CsrRow part, ConstMatrixView from, std::span<const LocalIndex> upcoming,
                     RowWorkspace& workspace, MatrixView sum) {
  HWY_DYNAMIC_DISPATCH(accumulate_part)(system, part, from, upcoming, workspace, sum);
}

bool solve_parts(const RowSystem& system, const PartedRow& row, std::span<const ConstMatrixView> parts,
                 RowWorkspace& workspace, float* x, RowLoss& loss) {
  return HWY_DYNAMIC_DISPATCH(solve_parts)(system, row, parts, workspace, x, loss);
}

RowLoss part_loss(const RowSystem& system, CsrRow part, const float* x) {
  return HWY_DYNAMIC_DISPATCH(part_loss)(system, part, x);
}

double squared_targets(CsrRow part) {
  double sum = 0;
  for (const float value : part.values) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum;
}

double entry_flops(Index entries, Index width) {
  const auto k = static_cast<double>(width);
  return static_cast<double>(entries) * k * (k + 1);
}

double solve_row_flops(Index entries, Index width) {
  const auto k = static_cast<double>(width);
  return entries > 0 ? entry_flops(entries, width) + k * k * k / 3 + 2 * k * k : 0.0;
}

}  // namespace rankwise::kernels
#endif
