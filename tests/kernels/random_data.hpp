#pragma once
// Repeatable random matrices and sparse rows for tests and benchmarks.

#include <numeric>
#include <random>
#include <vector>

#include "kernels/csr_block.hpp"
#include "kernels/matrix.hpp"

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
  std::vector<LocalIndex> all(static_cast<std::size_t>(column_count));
  std::iota(all.begin(), all.end(), 0);
  std::vector<Index> offsets{0};
  std::vector<LocalIndex> columns;
  std::vector<float> values;
  for (const Index size : sizes) {
    std::sample(all.begin(), all.end(), std::back_inserter(columns), size, engine);
    while (values.size() < columns.size()) values.push_back(uniform(engine));
    offsets.push_back(static_cast<Index>(columns.size()));
  }
  return {offsets, columns, values, column_count};
}

}  // namespace rankwise::testing
