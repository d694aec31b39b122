#pragma once
// Symmetric systems in double: all of a small catalogue at once, or what floats cannot solve.

#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows of a factorization that are finished together, before they are taken off all rows below.
inline constexpr Index ridge_panel_rows = 32;

/// The steps of A = U^T U in place, in the upper half of a row-major square of `size`: each panel of rows is finished,
/// then taken off every row below it, in whatever order of rows, by whatever threads. False if A is not positive
/// definite or not finite.
[[nodiscard]] bool finish_panel(std::span<double> matrix, Index size, RowRange panel);
void take_panel_off(std::span<double> matrix, Index size, RowRange panel, Index row);

/// All steps in turn.
[[nodiscard]] bool factor_symmetric(std::span<double> matrix, Index size);

/// Of A = U^T U the largest over the smallest pivot, U_ii^2: at most A's condition number.
[[nodiscard]] double pivot_ratio(std::span<const double> factor, Index size);

/// Replaces b by the solution of U^T U x = b.
void solve_factored(std::span<const double> factor, Index size, std::span<double> vector);

/// The weights by which all items but j speak for item j, under a ridge penalty that is part of the factored Gramian:
/// -P_ij / P_jj with P its inverse; the j-th one is 0. `weights` has `size` values.
void dense_ridge_weights(std::span<const double> factor, Index size, Index j, std::span<double> weights);

}  // namespace rankwise
