#pragma once
// The scratch memory of one thread that builds and solves rows' normal equations.

#include <algorithm>
#include <vector>

#include "kernels/dual_workspace.hpp"
#include "kernels/matrix.hpp"

namespace rankwise::kernels {

/// Entries whose products are summed from zero before they are added to a row's system. Part of the promise of
/// identical bits (the order of additions), and sized so that a slab of the packed panel stays in L1.
inline constexpr Index entry_chunk = 256;

/// Columns of a matrix that is read down its columns: whole lines, and an odd number of them, so that the lines of one
/// column fall into all sets of L1 (rows of 512 bytes would share 8 of 64).
[[nodiscard]] constexpr Index spread_columns(Index columns) {
  const Index lines = padded_columns(columns) / line_floats;
  return (lines | 1) * line_floats;
}

/// Buffers for systems of `width` unknowns; about 5 width^2 floats.
class RowWorkspace {
 public:
  explicit RowWorkspace(Index unknowns)
      : width(unknowns),
        padded_width(padded_columns(unknowns)),
        system(padded_width, spread_columns(padded_width)),
        multipliers(padded_width, spread_columns(padded_width)),
        panel(std::max(entry_chunk, padded_width), spread_columns(padded_width)),
        dual(padded_width, spread_columns(padded_width)),
        left_rows(static_cast<std::size_t>(panel.rows())),
        right_rows(left_rows.size()),
        upcoming_rows(left_rows.size()),
        vectors(3, padded_width),
        targets(1, panel.rows()) {}

  Index width;
  Index padded_width;
  Matrix system;       ///< the upper half of padded_width square is A, then D L^T of its factorization A = L D L^T
  Matrix multipliers;  ///< L^T
  Matrix panel;        ///< copies of a chunk's feature rows, where they cannot be read in place
  DualWorkspace dual;
  std::vector<const float*> left_rows;
  std::vector<const float*> right_rows;
  std::vector<const float*> upcoming_rows;

  [[nodiscard]] float* rhs() { return vectors.row(0); }
  [[nodiscard]] float* inverse_pivots() { return vectors.row(1); }
  [[nodiscard]] float* forward_solution() { return vectors.row(2); }
  [[nodiscard]] float* entry_targets() { return targets.row(0); }

 private:
  Matrix vectors;
  Matrix targets;
};

}  // namespace rankwise::kernels
