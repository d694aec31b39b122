#pragma once
// Distances of many rows to a few candidates for centroids.

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// distances(t, r) = |row r - candidate t|^2: differences, so that nothing cancels; one float accumulator per pair, FMA
/// in the order of the dimensions: the same bits on every target with FMA. `distances` has a row per candidate and at
/// least rows.rows columns; what lies beyond them in its stride is overwritten.
void candidate_distances(ConstMatrixView rows, ConstMatrixView candidates, MatrixView distances);

}  // namespace rankwise::kernels
