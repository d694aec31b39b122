#pragma once
// The scratch memory of one thread that takes rows' conjugate gradient steps.

#include <algorithm>
#include <span>

#include "kernels/base/csr_block.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// Rows with more entries than this take their steps together: a mebibyte of features does not stay in L2 from one pass
/// to the next.
[[nodiscard]] constexpr Index longest_row_alone(Index padded_width) {
  return std::max<Index>(262'144 / padded_width, 1);
}

/// Columns that all rows of such a group pass over before any goes on: two mebibytes of features, which come once from
/// memory and then from L2 and L3 (a quarter of a mebibyte was a fifth slower: chunks became short).
[[nodiscard]] constexpr Index columns_per_block(Index padded_width) {
  return std::max<Index>(524'288 / padded_width, 1);
}

/// A row on its way: x and what conjugate gradients keep beside it, all padded and aligned.
struct GradientRow {
  Index row;  ///< of the block
  CsrRow entries;
  float lambda;
  float* x;
  float* residual = nullptr;
  float* inverse_diagonal = nullptr;
  float* direction = nullptr;
  float* product = nullptr;        ///< with the direction; between steps the scaled residual
  float* dots = nullptr;           ///< <y_i, direction>; a vector of entries, padded with zeros
  float* weighted_dots = nullptr;  ///< w_i <y_i, direction>; the dots themselves where all weights are one
  float* predictions = nullptr;    ///< <y_i, x>
  float squared_norm = 0;
  float least_squared_norm = 0;
  float curvature = 0;
  float length = 0;
  bool converged = false;
  Index position = 0;  ///< of a pass among the entries
};

/// Memory for the vectors of rows, grown where a group needs more.
class GradientWorkspace {
 public:
  explicit GradientWorkspace(Index padded_width) : padded_width_(padded_width) {}

  /// Points the rows' vectors, but for x, at memory of this workspace.
  void place(std::span<GradientRow> rows, bool unit_weights) {
    Index entries = 0;
    for (const GradientRow& row : rows) entries += padded_columns(row.entries.size());
    const Index vectors = 4 * static_cast<Index>(rows.size());
    if (vectors_.rows() < vectors) vectors_ = Matrix(vectors, padded_width_);
    if (entry_vectors_.columns() < entries) entry_vectors_ = Matrix(3, entries);
    Index next_vector = 0;
    Index next_entry = 0;
    for (GradientRow& row : rows) {
      for (float** vector : {&row.residual, &row.inverse_diagonal, &row.direction, &row.product}) {
        *vector = vectors_.row(next_vector++);
      }
      row.predictions = entry_vectors_.row(0) + next_entry;
      row.dots = entry_vectors_.row(1) + next_entry;
      row.weighted_dots = unit_weights ? row.dots : entry_vectors_.row(2) + next_entry;
      next_entry += padded_columns(row.entries.size());
    }
  }

  /// Rows of the caller, at least `rows`.
  [[nodiscard]] MatrixView solutions(Index rows) {
    if (solutions_.rows() < rows) solutions_ = Matrix(rows, padded_width_);
    return solutions_.view();
  }

 private:
  Index padded_width_;
  Matrix vectors_;
  Matrix entry_vectors_;
  Matrix solutions_;
};

}  // namespace rankwise::kernels
