#pragma once
// Repeatable random matrices and sparse rows for tests and benchmarks.

#include <random>
#include <set>
#include <vector>

#include "kernels/base/csr_block.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise::testing {

inline Matrix random_matrix(Index rows, Index columns, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.0F, 0.5F);
  Matrix matrix(rows, columns);
  for (Index r = 0; r < rows; ++r) {
    for (float& value : matrix.view().row_span(r)) value = normal(engine);
  }
  return matrix;
}

/// One row per size, columns drawn without repetition (size <= column_count), values in [1, 5].
inline CsrBlock random_rows(const std::vector<Index>& sizes, Index column_count, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(1.0F, 5.0F);
  std::uniform_int_distribution<LocalIndex> any_column(0, static_cast<LocalIndex>(column_count - 1));
  std::vector<Index> offsets{0};
  std::vector<LocalIndex> columns;
  std::vector<float> values;
  for (const Index size : sizes) {
    std::set<LocalIndex> row;
    while (static_cast<Index>(row.size()) < size) row.insert(any_column(engine));
    columns.insert(columns.end(), row.begin(), row.end());
    while (values.size() < columns.size()) values.push_back(uniform(engine));
    offsets.push_back(static_cast<Index>(columns.size()));
  }
  return {offsets, columns, values, column_count};
}

}  // namespace rankwise::testing
