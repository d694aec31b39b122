#pragma once
// Squared Euclidean distances computed from differences, so that nothing cancels.

#include <cstdint>
#include <span>

#include "kernels/base/csr_block.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// distances[r] = |row r - centroid which[r]|^2. Differences in float, squares added in 16 virtual lanes of double
/// precision: the same bits on every target.
void squared_distances(ConstMatrixView rows, ConstMatrixView centroids, std::span<const std::int32_t> which,
                       std::span<double> distances);

/// The same for rows of a sparse matrix: every dimension counts, entries or none.
void squared_distances(const CsrBlock& block, RowRange rows, ConstMatrixView centroids,
                       std::span<const std::int32_t> which, std::span<double> distances);

/// |a - b|^2 of two padded rows, likewise.
[[nodiscard]] double squared_distance(const float* a, const float* b, Index padded_width);

}  // namespace rankwise::kernels
