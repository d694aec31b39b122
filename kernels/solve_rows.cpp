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
#include "kernels/row_loss-inl.hpp"
#include "kernels/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

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
