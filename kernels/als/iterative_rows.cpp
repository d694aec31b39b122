#include "kernels/als/iterative_rows.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/als/iterative_rows.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/als/conjugate_gradients-inl.hpp"
#include "kernels/als/row_loss-inl.hpp"
#include "kernels/als/subspace_row-inl.hpp"
#include "kernels/dense/row_product-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

constexpr Index no_row = std::numeric_limits<Index>::max();

/// outputs = rows * matrix, or the rows themselves where there is no matrix.
HWY_INLINE void rotate_or_copy(std::span<const float* const> rows, ConstMatrixView matrix, Index width,
                               std::span<float* const> outputs) {
  if (matrix.rows > 0) {
    multiply_rows(rows.data(), static_cast<Index>(rows.size()), matrix, outputs.data());
  } else {
    for (std::size_t r = 0; r < rows.size(); ++r) std::copy_n(rows[r], width, outputs[r]);
  }
}

/// Takes the steps of rows that are sorted by length: short ones one after another, since their features stay in L2,
/// the long ones together. Each row's loss, but for the regularizer, follows at once: short rows share memory.
HWY_INLINE void take_steps_of_rows(Index steps, EntryGatherer& gatherer, std::vector<GradientRow>& rows,
                                   std::span<RowLoss> losses) {
  const RowSystem& system = gatherer.system();
  const auto find_losses = [&system, losses](std::span<const GradientRow> solved) {
    for (const GradientRow& row : solved) {
      losses[static_cast<std::size_t>(row.row)] = predicted_loss(system, row.entries, row.predictions);
    }
  };
  GradientWorkspace& vectors = gatherer.workspace().gradients;
  const Index width = gatherer.workspace().padded_width;
  const auto is_long = [longest = longest_row_alone(width)](const GradientRow& row) {
    return row.entries.size() > longest;
  };
  const std::span<GradientRow> all(rows);
  const auto short_count = static_cast<std::size_t>(std::ranges::find_if(rows, is_long) - rows.begin());
  for (std::size_t r = 0; r < short_count; ++r) {
    const auto row = all.subspan(r, 1);
    vectors.place(row, gatherer.unit_weights());
    const CsrRow next = r + 1 < short_count ? rows[r + 1].entries : CsrRow();
    const NextRowAhead ahead(system.other, next, (steps + 1) * group_count(row[0].entries.size()));
    take_conjugate_gradient_steps(steps, gatherer, row, ahead);
    find_losses(row);
  }
  if (short_count == rows.size()) return;
  const auto long_rows = all.subspan(short_count);
  vectors.place(long_rows, gatherer.unit_weights());
  take_conjugate_gradient_steps(steps, gatherer, long_rows, ChunkAhead(width));
  find_losses(long_rows);
}

Index improve_rows_by_gradients(const RowSystem& system, const CsrBlock& block, std::span<const Index> rows,
                                const ConjugateGradients& method, RowWorkspace& workspace, MatrixView solution,
                                std::span<RowLoss> losses) {
  // 1. Rows without entries are zero. The others begin where they are, in the basis.
  const Index width = workspace.padded_width;
  const MatrixView rotated = workspace.gradients.solutions(static_cast<Index>(rows.size()));
  std::vector<GradientRow> gradient_rows;
  std::vector<const float*> inputs;
  std::vector<float*> outputs;
  for (const Index r : rows) {
    const CsrRow entries = block.row(r);
    if (entries.size() == 0) {
      std::fill_n(solution.row(r), width, 0.0F);
      losses[static_cast<std::size_t>(r)] = {};
      continue;
    }
    float* x = rotated.row(static_cast<Index>(outputs.size()));
    gradient_rows.push_back({r, entries, system.objective.row_regularization(entries.size(), system.opposite_rows), x});
    inputs.push_back(solution.row(r));
    outputs.push_back(x);
  }
  rotate_or_copy(inputs, system.basis.into, width, outputs);
  // 2. Steps, shorter rows first.
  std::ranges::stable_sort(gradient_rows, {}, [](const GradientRow& row) { return row.entries.size(); });
  EntryGatherer gatherer(system, workspace);
  take_steps_of_rows(method.steps, gatherer, gradient_rows, losses);
  // 3. Solutions out of the basis, and the rest of the losses.
  for (std::size_t r = 0; r < gradient_rows.size(); ++r) {
    inputs[r] = gradient_rows[r].x;
    outputs[r] = solution.row(gradient_rows[r].row);
  }
  rotate_or_copy(inputs, system.basis.back, width, outputs);
  Index failed = no_row;
  for (const GradientRow& row : gradient_rows) {
    const float* x = solution.row(row.row);
    if (!all_finite(x, workspace.padded_width)) failed = std::min(failed, row.row);
    losses[static_cast<std::size_t>(row.row)].regularizer = regularizer(x, row.lambda, width);
  }
  return failed == no_row ? -1 : failed;
}

Index improve_rows_by_blocks(const RowSystem& system, const CsrBlock& block, RowRange rows,
                             const SubspaceBlocks& method, RowWorkspace& workspace, MatrixView solution,
                             std::span<RowLoss> losses) {
  SubspaceRows subspace(method, workspace);
  EntryGatherer gatherer(system, workspace);
  for (Index r = rows.begin; r < rows.end; ++r) {
    const CsrRow entries = block.row(r);
    float* x = solution.row(r);
    RowLoss& loss = losses[static_cast<std::size_t>(r)];
    if (entries.size() == 0) {
      std::fill_n(x, workspace.padded_width, 0.0F);
      loss = {};
      continue;
    }
    const float lambda = system.objective.row_regularization(entries.size(), system.opposite_rows);
    if (!subspace.improve(gatherer, entries, lambda, x) || !all_finite(x, workspace.padded_width)) return r;
    loss = predicted_loss(system, entries, subspace.predictions());
    loss.regularizer = regularizer(x, lambda, workspace.padded_width);
  }
  return -1;
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(improve_rows_by_gradients);
HWY_EXPORT(improve_rows_by_blocks);

namespace {

/// Adds rows and seconds of a scope to a tally.
class TallyScope {
 public:
  TallyScope(SolveTally& tally, Index rows) : tally_(tally), begin_(std::chrono::steady_clock::now()) {
    tally_.iterative_rows += rows;
  }
  TallyScope(const TallyScope&) = delete;
  TallyScope& operator=(const TallyScope&) = delete;
  ~TallyScope() {
    tally_.iterative_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  SolveTally& tally_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace

Index improve_rows(const RowSystem& system, const CsrBlock& block, std::span<const Index> rows,
                   const ConjugateGradients& method, RowWorkspace& workspace, MatrixView solution,
                   std::span<RowLoss> losses) {
  const TallyScope tally(workspace.tally, static_cast<Index>(rows.size()));
  return HWY_DYNAMIC_DISPATCH(improve_rows_by_gradients)(system, block, rows, method, workspace, solution, losses);
}

Index improve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, const ConjugateGradients& method,
                   RowWorkspace& workspace, MatrixView solution, std::span<RowLoss> losses) {
  std::vector<Index> list(static_cast<std::size_t>(rows.size()));
  std::iota(list.begin(), list.end(), rows.begin);
  return improve_rows(system, block, list, method, workspace, solution, losses);
}

Index improve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, const SubspaceBlocks& method,
                   RowWorkspace& workspace, MatrixView solution, std::span<RowLoss> losses) {
  const TallyScope tally(workspace.tally, rows.size());
  return HWY_DYNAMIC_DISPATCH(improve_rows_by_blocks)(system, block, rows, method, workspace, solution, losses);
}

double improve_row_flops(const ConjugateGradients& method, Index entries, Index width) {
  const auto n = static_cast<double>(entries);
  const auto k = static_cast<double>(width);
  return n > 0 ? static_cast<double>(4 * method.steps + 5) * n * k + 4 * k * k : 0.0;
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
