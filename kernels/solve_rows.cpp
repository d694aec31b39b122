#include "kernels/solve_rows.hpp"

#include <algorithm>
#include <cmath>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/solve_rows.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/cholesky-inl.hpp"
#include "kernels/primal_row-inl.hpp"
#include "kernels/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Asks for the factor rows of an entry a few entries ahead.
HWY_INLINE void prefetch_row(const RowSystem& system, SparseRow entries, Index entry) {
  constexpr Index distance = 8;
  if (entry + distance >= entries.size()) return;
  const float* row = system.other.row(entries.columns[static_cast<std::size_t>(entry + distance)]);
  for (Index c = 0; c < system.other.stride; c += line_floats) hwy::Prefetch(row + c);
}

/// The row's loss at solution `x` (padded, aligned).
HWY_INLINE RowLoss row_loss(const RowSystem& system, SparseRow entries, const float* x, float lambda, Index width) {
  const Objective& objective = system.objective;
  const Index stride = system.other.stride;
  RowLoss loss;
  for (Index e = 0; e < entries.size(); ++e) {
    prefetch_row(system, entries, e);
    const auto entry = static_cast<std::size_t>(e);
    const float* features = system.other.row(entries.columns[entry]);
    const float value = entries.values[entry];
    if (objective.loss == LossKind::implicit_feedback) {
      const auto prediction = static_cast<double>(lane_dot(features, x, 0, stride));
      loss.observed += static_cast<double>(value) * (1.0 - prediction) * (1.0 - prediction);
      loss.observed_squares += prediction * prediction;
    } else {
      auto prediction = static_cast<double>(lane_dot(features, x, 0, stride));
      if (objective.biases) {
        const auto other_bias = static_cast<double>(features[width - 1]);
        const auto own_bias = static_cast<double>(x[width - 1]);
        prediction += own_bias + other_bias - own_bias * other_bias;  // the dot multiplied the two biases
      }
      const double residual = static_cast<double>(value) - prediction;
      loss.observed += residual * residual;
    }
  }
  loss.regularizer = static_cast<double>(lambda) * static_cast<double>(lane_dot(x, x, 0, stride));
  return loss;
}

bool all_finite(const float* x, Index width) {
  return std::all_of(x, x + width, [](float value) { return std::isfinite(value); });
}

Index solve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, RowWorkspace& workspace,
                 MatrixView solution, std::span<RowLoss> losses) {
  for (Index r = rows.begin; r < rows.end; ++r) {
    const SparseRow entries = block.row(r);
    float* x = solution.row(r);
    RowLoss& loss = losses[static_cast<std::size_t>(r)];
    if (entries.size() == 0) {
      std::fill_n(x, workspace.padded_width, 0.0F);
      loss = {};
      continue;
    }
    const float lambda = system.objective.row_regularization(entries.size(), system.opposite_rows);
    const auto upcoming =
        block.columns().subspan(static_cast<std::size_t>(block.offsets()[static_cast<std::size_t>(r) + 1]));
    accumulate_entries(system, entries, system.base, upcoming, workspace);
    add_regularization(lambda, workspace);
    if (!factor_and_solve(workspace, workspace.width) || !all_finite(workspace.rhs(), workspace.width)) return r;
    std::copy_n(workspace.rhs(), workspace.padded_width, x);
    loss = row_loss(system, entries, x, lambda, workspace.width);
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
