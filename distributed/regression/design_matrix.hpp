#pragma once
// The rows of a regression.

#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// This rank's rows, dense; `rows` begins at a multiple of chunk_rows. Column 0 is the intercept: 1 in every row.
struct DesignMatrix {
  RowRange rows;
  Index total_rows = 0;
  Index width = 0;
  std::vector<double> values;  ///< row by row, finite

  [[nodiscard]] const double* row(Index row) const { return values.data() + row * width; }  ///< from 0
  [[nodiscard]] double* row(Index row) { return values.data() + row * width; }
};

}  // namespace rankwise
