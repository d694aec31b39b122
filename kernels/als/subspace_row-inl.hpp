// A pass of block coordinate descent over a row: one Newton step per block of coordinates, which is exact for the
// quadratic objective. Included once per SIMD target.

#if defined(RANKWISE_KERNELS_SUBSPACE_ROW_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_SUBSPACE_ROW_INL_HPP
#undef RANKWISE_KERNELS_SUBSPACE_ROW_INL_HPP
#else
#define RANKWISE_KERNELS_SUBSPACE_ROW_INL_HPP
#endif

#include <algorithm>
#include <vector>

#include <hwy/highway.h>

#include "kernels/als/entry_products-inl.hpp"
#include "kernels/als/iterative_methods.hpp"
#include "kernels/als/primal_row-inl.hpp"
#include "kernels/als/row_system.hpp"
#include "kernels/als/row_workspace.hpp"
#include "kernels/dense/base_product-inl.hpp"
#include "kernels/dense/cholesky-inl.hpp"
#include "kernels/dense/symmetric_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

/// Columns [begin, end) of the unknowns; begin is a whole line.
struct ColumnBlock {
  Index begin;
  Index end;

  [[nodiscard]] Index size() const { return end - begin; }
  [[nodiscard]] Index padded_size() const { return padded_columns(size()); }
};

/// One row after another, block of coordinates by block.
class SubspaceRows {
 public:
  SubspaceRows(const SubspaceBlocks& method, RowWorkspace& workspace)
      : block_(padded_columns(std::clamp<Index>(method.block, 1, workspace.width))),
        targets_(static_cast<std::size_t>(entry_chunk)),
        block_rows_(static_cast<std::size_t>(entry_chunk)) {}

  /// Improves `x` in place by one pass; false at a block that is not positive definite.
  [[nodiscard]] bool improve(EntryGatherer& gatherer, CsrRow entries, float lambda, float* x) {
    RowWorkspace& workspace = gatherer.workspace();
    predict(gatherer, entries, x);
    for (Index begin = 0; begin < workspace.width; begin += block_) {
      const ColumnBlock block{begin, std::min(begin + block_, workspace.width)};
      build_system(gatherer, entries, block, lambda, x);
      if (!factor_and_solve(workspace.system, block.size())) return false;
      add_scaled(1.0F, workspace.rhs(), x + begin, block.padded_size());
      move_predictions(gatherer, entries, block);
    }
    return true;
  }

  /// <y_i, x> of the row that was improved last.
  [[nodiscard]] const float* predictions() const { return predictions_.data(); }

 private:
  /// Calls body(begin, chunk) for each chunk of entries.
  template <class Body>
  HWY_INLINE void for_each_chunk(EntryGatherer& gatherer, CsrRow entries, const Body& body) {
    for (Index begin = 0; begin < entries.size(); begin += entry_chunk) {
      body(begin, gatherer.gather(entries.middle(begin, std::min(entry_chunk, entries.size() - begin))));
    }
  }

  /// predictions = <y_i, x>.
  HWY_INLINE void predict(EntryGatherer& gatherer, CsrRow entries, const float* x) {
    predictions_.resize(static_cast<std::size_t>(entries.size()));
    for_each_chunk(gatherer, entries, [&](Index begin, const EntryChunk& chunk) {
      dot_rows(chunk.rows, chunk.size, x, gatherer.workspace().padded_width, predictions_.data() + begin);
    });
  }

  /// predictions += <y_i, step> over the block, whose step is the solution in the workspace.
  HWY_INLINE void move_predictions(EntryGatherer& gatherer, CsrRow entries, ColumnBlock block) {
    for_each_chunk(gatherer, entries, [&](Index begin, const EntryChunk& chunk) {
      point_at_block(chunk, block);
      dot_rows(block_rows_.data(), chunk.size, gatherer.workspace().rhs(), block.padded_size(), targets_.data());
      for (Index e = 0; e < chunk.size; ++e) {
        predictions_[static_cast<std::size_t>(begin + e)] += targets_[static_cast<std::size_t>(e)];
      }
    });
  }

  HWY_INLINE void point_at_block(const EntryChunk& chunk, ColumnBlock block) {
    for (Index e = 0; e < chunk.size; ++e) block_rows_[static_cast<std::size_t>(e)] = chunk.rows[e] + block.begin;
  }

  /// The block of the row's matrix in workspace.system.matrix, and the negative gradient in workspace.rhs().
  HWY_INLINE void build_system(EntryGatherer& gatherer, CsrRow entries, ColumnBlock block, float lambda,
                               const float* x) {
    RowWorkspace& workspace = gatherer.workspace();
    const ConstMatrixView base = gatherer.system().base;
    multiply_base(base, workspace.width, x, lambda, block.begin, block.begin + block.padded_size(), workspace.rhs());
    negate(workspace.rhs(), block.padded_size());
    const float* base_block = base.rows == 0 ? nullptr : base.row(block.begin) + block.begin;
    TileTarget target{base_block, base.stride, workspace.system.matrix.row(0), workspace.system.matrix.stride()};
    for_each_chunk(gatherer, entries, [&](Index begin, const EntryChunk& chunk) {
      add_chunk(gatherer, begin, chunk, block, target);
      target.from = target.out;
      target.from_stride = target.out_stride;
    });
    for (Index r = 0; r < block.size(); ++r) workspace.system.matrix.row(r)[r] += lambda;
  }

  /// Adds the products of the chunk that begins at entry `begin`, and its part of the negative gradient.
  HWY_INLINE void add_chunk(const EntryGatherer& gatherer, Index begin, const EntryChunk& chunk, ColumnBlock block,
                            const TileTarget& target) {
    RowWorkspace& workspace = gatherer.workspace();
    point_at_block(chunk, block);
    // No rows to ask for: the entries' lines came with the predictions.
    EntryRows rows{block_rows_.data(), block_rows_.data(), block_rows_.data(), 1, block.padded_size()};
    if (!gatherer.unit_weights()) {
      weight_block(gatherer, chunk, block);
      rows.left = workspace.left_rows.data();
    }
    for (Index e = 0; e < chunk.size; ++e) {
      const float prediction = predictions_[static_cast<std::size_t>(begin + e)];
      targets_[static_cast<std::size_t>(e)] = chunk.targets[e] - gatherer.weight(chunk.values[e]) * prediction;
    }
    add_symmetric_product(rows, chunk.size, target, {targets_.data(), workspace.rhs(), workspace.rhs()});
  }

  /// Weighted copies of the block's features. Objectives with weights have no biases, whose copies would be in the way.
  HWY_INLINE void weight_block(const EntryGatherer& gatherer, const EntryChunk& chunk, ColumnBlock block) {
    RowWorkspace& workspace = gatherer.workspace();
    for (Index e = 0; e < chunk.size; ++e) {
      float* copy = workspace.panel.row(e);
      scale_features(gatherer.weight(chunk.values[e]), chunk.rows[e] + block.begin, copy, block.padded_size());
      workspace.left_rows[static_cast<std::size_t>(e)] = copy;
    }
  }

  Index block_;
  std::vector<float> predictions_;
  std::vector<float> targets_;            ///< of a chunk: what its predictions leave of t_i
  std::vector<const float*> block_rows_;  ///< of a chunk, from the block's first column on
};

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
