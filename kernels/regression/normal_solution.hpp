#pragma once
// Solves normal equations, and finds columns that say nothing of their own.

#include <memory>
#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// sum w x x^T and sum t x of some rows.
struct NormalEquations {
  Index width = 0;
  std::vector<double> lower;  ///< lower triangle by rows, packed: width * (width + 1) / 2
  std::vector<double> right;  ///< width

  [[nodiscard]] double at(Index row, Index column) const {  ///< column <= row
    return lower[static_cast<std::size_t>(row * (row + 1) / 2 + column)];
  }
};

/// The factorized matrix of normal equations plus a diagonal. Eigen's LDLT with single right sides: its order of
/// operations depends on no cache size, so that equal equations have equal solutions on every rank.
class NormalFactor {
 public:
  /// `diagonal` has one number a column.
  NormalFactor(const NormalEquations& equations, std::span<const double> diagonal);
  ~NormalFactor();
  NormalFactor(NormalFactor&&) noexcept;
  NormalFactor& operator=(NormalFactor&&) noexcept;

  /// Whether the matrix is positive definite and finite. If not, solve() and inverse_diagonal() say nothing.
  [[nodiscard]] bool is_sound() const;
  [[nodiscard]] std::vector<double> solve(std::span<const double> right) const;
  [[nodiscard]] std::vector<double> inverse_diagonal() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Share of a column's variance that the columns before it must leave, else it depends on them.
inline constexpr double least_own_variance = 1e-9;

/// Columns that are a linear combination of those before them, ascending. `equations` are unweighted; column 0 is the
/// intercept, and a column without a variance depends on it.
[[nodiscard]] std::vector<Index> dependent_columns(const NormalEquations& equations);

}  // namespace rankwise
