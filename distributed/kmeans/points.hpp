#pragma once
// Rows to cluster.

#include <variant>
#include <vector>

#include "kernels/base/csr_block.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// This rank's share of the points: consecutive rows, in rank order, empty where a rank has none. All values are
/// finite.
struct Points {
  Index count = 0;  ///< of all points
  RowRange mine;    ///< this rank's
  Index dimensions = 0;
  std::variant<Matrix, CsrBlock> rows;  ///< those of `mine`; a sparse matrix' columns are the dimensions
  std::vector<float> weights;           ///< one per row of `mine`, > 0; empty stands for ones

  [[nodiscard]] bool is_sparse() const { return std::holds_alternative<CsrBlock>(rows); }
  [[nodiscard]] double weight(Index local_row) const {
    return weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(local_row)]);
  }
};

}  // namespace rankwise
