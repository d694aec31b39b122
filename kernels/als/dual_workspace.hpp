#pragma once
// The scratch memory of one thread that solves short rows in the dual.

#include <algorithm>
#include <vector>

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// Rows of at most this many entries are solved several at a time, one per SIMD lane.
inline constexpr Index lane_entries = 16;

/// Rows whose solutions are rotated back together.
inline constexpr Index dual_batch_rows = 64;

struct DualWorkspace {
  DualWorkspace(Index padded_width, Index pitch)
      : features(padded_width, pitch),
        scaled(padded_width, pitch),
        solutions(dual_batch_rows, padded_width),
        row_vectors_(2, padded_width),
        lane_systems_(lane_entries * lane_entries, line_floats),
        lane_rhs_values_(lane_entries, line_floats) {
    for (Index c = 0; c < padded_width; ++c) {
      feature_lines.push_back(features.row(c));
      scaled_lines.push_back(scaled.row(c));
    }
  }

  Matrix features;  ///< transposed: line c holds feature c of all entries
  Matrix scaled;    ///< the same, divided by D(c)
  std::vector<const float*> feature_lines;
  std::vector<const float*> scaled_lines;
  Matrix solutions;                ///< of a batch of rows, in the basis
  float inverse_base_lambda = -1;  ///< what inverse_base was computed for; none is negative

  [[nodiscard]] float* inverse_base() { return row_vectors_.row(0); }
  [[nodiscard]] const float* no_features() const { return row_vectors_.row(1); }
  /// Element (i, j), i <= j < lane_entries, of every lane's system.
  [[nodiscard]] float* lane_system(Index i, Index j) { return lane_systems_.row(i * lane_entries + j); }
  [[nodiscard]] float* lane_rhs(Index i) { return lane_rhs_values_.row(i); }
  /// Identity systems of `count` unknowns with zero right-hand sides.
  void clear_lanes(Index count) {
    for (Index i = 0; i < count; ++i) {
      for (Index j = i; j < count; ++j) std::fill_n(lane_system(i, j), line_floats, i == j ? 1.0F : 0.0F);
      std::fill_n(lane_rhs(i), line_floats, 0.0F);
    }
  }

 private:
  Matrix row_vectors_;
  Matrix lane_systems_;
  Matrix lane_rhs_values_;
};

}  // namespace rankwise::kernels
