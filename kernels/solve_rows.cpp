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
#include "kernels/symmetric_tiles-inl.hpp"
#include "kernels/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// An entry's part in the normal equations.
struct EntryTerms {
  float weight;
  float target;
};

HWY_INLINE EntryTerms entry_terms(const Objective& objective, float weight_shift, float value, float other_bias) {
  if (objective.loss == LossKind::explicit_feedback) return {1.0F, value - other_bias};
  return {value - weight_shift, value};
}

/// The system starts as base + lambda I, the right-hand side as zero.
HWY_INLINE void start_system(const RowSystem& system, float lambda, RowWorkspace& workspace) {
  const Index width = workspace.padded_width;
  for (Index r = 0; r < width; ++r) {
    float* row = workspace.system.row(r);
    if (system.base.rows == 0) {
      std::fill_n(row, width, 0.0F);
    } else {
      std::copy_n(system.base.row(r), width, row);
    }
    row[r] += lambda;
  }
  std::fill_n(workspace.rhs(), width, 0.0F);
}

/// sums += factor * values over a padded row.
HWY_INLINE void add_scaled(float factor, const float* HWY_RESTRICT values, float* HWY_RESTRICT sums, Index width) {
  const FloatTag d;
  const FloatVector factors = hn::Set(d, factor);
  for (Index c = 0; c < width; c += vector_floats) {
    hn::Store(hn::MulAdd(factors, hn::Load(d, values + c), hn::Load(d, sums + c)), d, sums + c);
  }
}

/// Asks for the factor rows of an entry a few entries ahead: rows are scattered over a table larger than L2.
HWY_INLINE void prefetch_row(const RowSystem& system, SparseRow entries, Index entry) {
  constexpr Index distance = 8;
  if (entry + distance >= entries.size()) return;
  const float* row = system.other.row(entries.columns[static_cast<std::size_t>(entry + distance)]);
  for (Index c = 0; c < system.other.stride; c += line_floats) hwy::Prefetch(row + c);
}

/// Adds the entries' products, chunk by chunk: each chunk is summed from zero, then added.
HWY_INLINE void add_entries(const RowSystem& system, SparseRow entries, RowWorkspace& workspace) {
  const Objective& objective = system.objective;
  const Index width = workspace.padded_width;
  const Index bias_column = workspace.width - 1;
  const float weight_shift = objective.weight_shift();
  const PackedEntries packed{workspace.left.row(0), workspace.right.row(0), entry_chunk, width};
  for (Index begin = 0; begin < entries.size(); begin += entry_chunk) {
    const Index count = std::min(entry_chunk, entries.size() - begin);
    std::fill_n(workspace.chunk_rhs(), width, 0.0F);
    for (Index e = 0; e < count; ++e) {
      prefetch_row(system, entries, begin + e);
      const auto entry = static_cast<std::size_t>(begin + e);
      const float* features = system.other.row(entries.columns[entry]);
      float other_bias = 0.0F;
      if (objective.biases) {
        // The other side's bias goes to the target; in its place stands the feature of the row's own bias, 1.
        other_bias = features[bias_column];
        std::copy_n(features, width, workspace.features());
        workspace.features()[bias_column] = 1.0F;
        features = workspace.features();
      }
      const EntryTerms terms = entry_terms(objective, weight_shift, entries.values[entry], other_bias);
      pack_entry(packed, e, features, terms.weight);
      add_scaled(terms.target, features, workspace.chunk_rhs(), width);
    }
    add_symmetric_product(packed, count, workspace.system.row(0), workspace.system.stride());
    add_scaled(1.0F, workspace.chunk_rhs(), workspace.rhs(), width);
  }
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
    start_system(system, lambda, workspace);
    add_entries(system, entries, workspace);
    if (!factor_and_solve(workspace) || !all_finite(workspace.rhs(), workspace.width)) return r;
    std::copy_n(workspace.rhs(), workspace.padded_width, x);
    loss = row_loss(system, entries, x, lambda, workspace.width);
  }
  return -1;
}

void normal_equations(const RowSystem& system, SparseRow entries, RowWorkspace& workspace) {
  start_system(system, system.objective.row_regularization(entries.size(), system.opposite_rows), workspace);
  add_entries(system, entries, workspace);
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

void normal_equations(const RowSystem& system, SparseRow entries, RowWorkspace& workspace) {
  HWY_DYNAMIC_DISPATCH(normal_equations)(system, entries, workspace);
}

double solve_row_flops(Index entries, Index width) {
  const auto n = static_cast<double>(entries);
  const auto k = static_cast<double>(width);
  return n > 0 ? n * k * (k + 1) + k * k * k / 3 + 2 * k * k : 0.0;
}

}  // namespace rankwise::kernels
#endif
