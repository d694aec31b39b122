#include "kernels/iterative_rows.hpp"

#include <algorithm>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/iterative_rows.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/conjugate_gradients-inl.hpp"
#include "kernels/row_loss-inl.hpp"
#include "kernels/subspace_row-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

template <class RowMethod>
HWY_INLINE Index improve_each_row(const RowSystem& system, const CsrBlock& block, RowRange rows, RowMethod method,
                                  RowWorkspace& workspace, MatrixView solution, std::span<RowLoss> losses) {
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
    GatheredEntries gathered(system, entries, workspace);
    if (!method.improve(gathered, lambda, x) || !all_finite(x, workspace.width)) return r;
    loss = row_loss(system, entries, x, lambda, workspace.width);
  }
  return -1;
}

Index improve_rows_by_gradients(const RowSystem& system, const CsrBlock& block, RowRange rows,
                                const ConjugateGradients& method, RowWorkspace& workspace, MatrixView solution,
                                std::span<RowLoss> losses) {
  return improve_each_row(system, block, rows, ConjugateGradientRows(method), workspace, solution, losses);
}

Index improve_rows_by_blocks(const RowSystem& system, const CsrBlock& block, RowRange rows,
                             const SubspaceBlocks& method, RowWorkspace& workspace, MatrixView solution,
                             std::span<RowLoss> losses) {
  return improve_each_row(system, block, rows, SubspaceRows(method, workspace), workspace, solution, losses);
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(improve_rows_by_gradients);
HWY_EXPORT(improve_rows_by_blocks);

Index improve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, const ConjugateGradients& method,
                   RowWorkspace& workspace, MatrixView solution, std::span<RowLoss> losses) {
  return HWY_DYNAMIC_DISPATCH(improve_rows_by_gradients)(system, block, rows, method, workspace, solution, losses);
}

Index improve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, const SubspaceBlocks& method,
                   RowWorkspace& workspace, MatrixView solution, std::span<RowLoss> losses) {
  return HWY_DYNAMIC_DISPATCH(improve_rows_by_blocks)(system, block, rows, method, workspace, solution, losses);
}

double improve_row_flops(const ConjugateGradients& method, Index entries, Index width) {
  const auto n = static_cast<double>(entries);
  const auto k = static_cast<double>(width);
  return n > 0 ? static_cast<double>(method.steps + 1) * (2 * k * k + 4 * n * k) + 3 * n * k : 0.0;
}

double improve_row_flops(const SubspaceBlocks& method, Index entries, Index width) {
  if (entries == 0) return 0.0;
  const auto n = static_cast<double>(entries);
  const auto k = static_cast<double>(width);
  const Index block = padded_columns(std::clamp<Index>(method.block, 1, width));
  double flops = 2 * k * k + 6 * n * k;
  for (Index begin = 0; begin < width; begin += block) {
    const auto b = static_cast<double>(std::min(block, width - begin));
    flops += n * b * (b + 1) + b * b * b / 3 + 2 * b * b;
  }
  return flops;
}

}  // namespace rankwise::kernels
#endif
