// A row's normal equations over gathered factor rows, chunk by chunk. Included once per SIMD target.

#if defined(RANKWISE_KERNELS_PRIMAL_ROW_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_PRIMAL_ROW_INL_HPP
#undef RANKWISE_KERNELS_PRIMAL_ROW_INL_HPP
#else
#define RANKWISE_KERNELS_PRIMAL_ROW_INL_HPP
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/als/row_system.hpp"
#include "kernels/als/row_workspace.hpp"
#include "kernels/base/csr_block.hpp"
#include "kernels/dense/symmetric_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// values = weight * features over a padded row.
HWY_INLINE void scale_features(float weight, const float* HWY_RESTRICT features, float* HWY_RESTRICT values,
                               Index width) {
  const FloatTag d;
  const FloatVector weights = hn::Set(d, weight);
  for (Index c = 0; c < width; c += vector_floats)
    hn::Store(hn::Mul(weights, hn::Load(d, features + c)), d, values + c);
}

/// Points at the factor rows of `columns`.
HWY_INLINE void point_at_rows(ConstMatrixView table, std::span<const LocalIndex> columns,
                              std::vector<const float*>& rows) {
  for (std::size_t e = 0; e < columns.size(); ++e) rows[e] = table.row(columns[e]);
}

/// Asks for the factor rows of `columns`, all at once.
HWY_INLINE void prefetch_rows(ConstMatrixView table, std::span<const LocalIndex> columns) {
  for (const LocalIndex column : columns) {
    const float* row = table.row(column);
    for (Index c = 0; c < table.stride; c += line_floats) hwy::Prefetch(row + c);
  }
}

/// Points at the factor rows of up to a chunk of upcoming columns, and fills up with one of them to a whole number of
/// rounds of `entries`, which is returned.
HWY_INLINE Index point_at_upcoming(ConstMatrixView table, std::span<const LocalIndex> columns, Index entries,
                                   RowWorkspace& workspace) {
  const Index wanted = std::min(entries_per_chunk(workspace.padded_width), static_cast<Index>(columns.size()));
  const Index rounds = std::max<Index>(1, (wanted + entries - 1) / std::max<Index>(entries, 1));
  point_at_rows(table, columns.first(static_cast<std::size_t>(wanted)), workspace.upcoming_rows);
  const float* filler = wanted > 0 ? workspace.upcoming_rows[0] : table.data;
  const auto rows = workspace.upcoming_rows.begin();
  std::fill(rows + wanted, rows + std::max(wanted, rounds * entries), filler);
  return rounds;
}

/// The other side's bias goes to the target; in its place stands the feature of the row's own bias, 1.
HWY_INLINE void move_biases(CsrRow chunk, RowWorkspace& workspace) {
  const Index bias_column = workspace.width - 1;
  for (std::size_t e = 0; e < chunk.columns.size(); ++e) {
    float* copy = workspace.panel.row(static_cast<Index>(e));
    std::copy_n(workspace.right_rows[e], workspace.padded_width, copy);
    workspace.entry_targets()[e] = chunk.values[e] - copy[bias_column];
    copy[bias_column] = 1.0F;
    workspace.right_rows[e] = copy;
  }
}

/// Weighted copies of the feature rows.
HWY_INLINE void weight_rows(float weight_shift, CsrRow chunk, RowWorkspace& workspace) {
  for (std::size_t e = 0; e < chunk.columns.size(); ++e) {
    float* copy = workspace.panel.row(static_cast<Index>(e));
    scale_features(chunk.values[e] - weight_shift, workspace.right_rows[e], copy, workspace.padded_width);
    workspace.left_rows[e] = copy;
  }
}

/// workspace.system.matrix = from + the entries' products, workspace.rhs() = sum_i t_i y_i. Each chunk of entries is
/// summed from zero, then added. `upcoming` are the columns that will be gathered after these.
HWY_INLINE void accumulate_entries(const RowSystem& system, CsrRow entries, ConstMatrixView from,
                                   std::span<const LocalIndex> upcoming, RowWorkspace& workspace) {
  TileTarget target{from.data, from.stride, workspace.system.matrix.row(0), workspace.system.matrix.stride()};
  RightHandSide rhs{nullptr, nullptr, workspace.rhs()};
  const Index most_entries = entries_per_chunk(workspace.padded_width);
  Index begin = 0;
  do {
    // 1. Find the chunk's feature rows, and those of the next.
    const Index count = std::min(most_entries, entries.size() - begin);
    const CsrRow chunk = entries.middle(begin, count);
    point_at_rows(system.other, chunk.columns, workspace.right_rows);
    begin += count;
    const auto rest = begin < entries.size() ? entries.columns.subspan(static_cast<std::size_t>(begin)) : upcoming;
    const Index upcoming_rounds = point_at_upcoming(system.other, rest, count, workspace);
    // 2. Weights and targets. Rows stay where they lie, but for weighted copies and rows whose bias column must change.
    rhs.targets = chunk.values.data();
    EntryRows rows{workspace.right_rows.data(), workspace.right_rows.data(), workspace.upcoming_rows.data(),
                   upcoming_rounds, workspace.padded_width};
    if (system.objective.biases) {
      move_biases(chunk, workspace);
      rhs.targets = workspace.entry_targets();
    } else if (!system.objective.unit_weights()) {
      weight_rows(system.objective.weight_shift(), chunk, workspace);
      rows.left = workspace.left_rows.data();
    }
    // 3. Multiply.
    add_symmetric_product(rows, count, target, rhs);
    target.from = target.out;
    target.from_stride = target.out_stride;
    rhs.from = rhs.out;
  } while (begin < entries.size());
}

/// Adds lambda I over the unknowns.
HWY_INLINE void add_regularization(float lambda, RowWorkspace& workspace) {
  for (Index r = 0; r < workspace.width; ++r) workspace.system.matrix.row(r)[r] += lambda;
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
