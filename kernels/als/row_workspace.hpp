#pragma once
// The scratch memory of one thread that builds and solves rows' normal equations.

#include <algorithm>
#include <vector>

#include "kernels/als/dual_workspace.hpp"
#include "kernels/als/gradient_workspace.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/dense/symmetric_system.hpp"

namespace rankwise::kernels {

/// Most entries whose products are summed from zero before they are added to a row's system. Part of the promise of
/// identical bits (the order of additions).
inline constexpr Index entry_chunk = 256;

/// The same for systems of `padded_width` unknowns: the features of a chunk take 32 KiB, so that they stay in L1 while
/// the tiles of the product pass over them. Normal equations of 256 entries and more, k = 64 / 128 / 256: 60 / 72 / 77%
/// of the FMA peak of a Sapphire Rapids (48 KiB of L1) in place of 53 / 60 / 68% with 128 KiB; Zen 5 takes either.
[[nodiscard]] constexpr Index entries_per_chunk(Index padded_width) {
  return std::clamp<Index>(8'192 / padded_width, 32, entry_chunk);
}

/// Entries of a part of a row, as long as there are at most most_parts of them; longer rows have longer parts. Parts
/// are summed from zero (the first from the base), then added in order, so that several threads or ranks can sum the
/// parts of a heavy row. Part of the promise of identical bits.
inline constexpr Index part_entries = 16 * entry_chunk;
/// Every part has a sum of its own: at k = 128, those of one row take 34 MB at the most.
inline constexpr Index most_parts = 512;

/// Rows and seconds by solver.
struct SolveTally {
  Index primal_rows = 0;
  Index dual_rows = 0;
  Index iterative_rows = 0;
  double primal_seconds = 0;
  double dual_seconds = 0;
  double iterative_seconds = 0;

  SolveTally& operator+=(const SolveTally& other) {
    primal_rows += other.primal_rows;
    dual_rows += other.dual_rows;
    iterative_rows += other.iterative_rows;
    primal_seconds += other.primal_seconds;
    dual_seconds += other.dual_seconds;
    iterative_seconds += other.iterative_seconds;
    return *this;
  }
};

/// Buffers for systems of `width` unknowns; about 5 width^2 floats.
class RowWorkspace {
 public:
  explicit RowWorkspace(Index unknowns)
      : width(unknowns),
        padded_width(padded_columns(unknowns)),
        system(unknowns),
        panel(std::max(entry_chunk, padded_width), spread_columns(padded_width)),
        dual(padded_width, spread_columns(padded_width)),
        gradients(padded_width),
        left_rows(static_cast<std::size_t>(panel.rows())),
        right_rows(left_rows.size()),
        upcoming_rows(2 * left_rows.size()),
        vectors_(2, padded_width),
        targets_(1, panel.rows()) {}

  /// Bytes that the workspace of a thread takes.
  [[nodiscard]] static constexpr Index bytes(Index unknowns) {
    const Index padded = padded_columns(unknowns);
    const Index pitch = spread_columns(padded);
    const Index panel_rows = std::max(entry_chunk, padded);
    return (4 * padded * pitch + panel_rows * pitch + (dual_batch_rows + 7) * padded) *
               static_cast<Index>(sizeof(float)) +
           panel_rows * 4 * static_cast<Index>(sizeof(Index));
  }

  Index width;
  Index padded_width;
  SolveTally tally;  ///< of all rows solved with this workspace
  SymmetricSystem system;
  Matrix panel;  ///< copies of a chunk's feature rows, where they cannot be read in place
  DualWorkspace dual;
  GradientWorkspace gradients;
  std::vector<const float*> left_rows;
  std::vector<const float*> right_rows;
  std::vector<const float*> upcoming_rows;

  [[nodiscard]] float* rhs() { return system.rhs(); }
  [[nodiscard]] float* saved_rhs() { return vectors_.row(0); }
  [[nodiscard]] float* base_product() { return vectors_.row(1); }
  [[nodiscard]] float* entry_targets() { return targets_.row(0); }

 private:
  Matrix vectors_;
  Matrix targets_;
};

}  // namespace rankwise::kernels
