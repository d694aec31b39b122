#pragma once
// The ridge regression of one item on its neighbours: (G_SS + penalty I) b = G_Sj.

#include <span>
#include <vector>

#include "kernels/base/types.hpp"
#include "kernels/dense/symmetric_system.hpp"

namespace rankwise {

/// Solves systems of up to `most` unknowns, one after the other. The factorization is the float one of ALS; its errors
/// are taken off by refinement with residuals in double. Where that does not converge (the condition is beyond what
/// floats carry), the system is factored in double.
class NeighbourhoodRidge {
 public:
  explicit NeighbourhoodRidge(Index most);

  /// Bytes for so many unknowns.
  [[nodiscard]] static Index bytes(Index most);

  /// The Gramian's element, symmetric: to be filled for r <= c < size before solve, without the penalty.
  [[nodiscard]] double& gramian(Index r, Index c) { return matrix_[static_cast<std::size_t>(r * most_ + c)]; }
  /// G_Sj.
  [[nodiscard]] double& target(Index r) { return target_[static_cast<std::size_t>(r)]; }

  /// The weights of `size` (>= 1) neighbours, valid until the next call; nothing if G + penalty I is not positive
  /// definite.
  [[nodiscard]] std::span<const double> solve(Index size, double penalty);
  /// How many systems were factored in double.
  [[nodiscard]] Index solved_in_double() const { return solved_in_double_; }
  /// Of the last system, if it was factored in double: the largest over the smallest pivot, which is at most the
  /// condition number; else 0.
  [[nodiscard]] double condition() const { return condition_; }

 private:
  void prepare(Index size, double penalty);
  [[nodiscard]] bool solve_in_float(Index size);
  void substitute(Index size, std::vector<double>& vector);
  [[nodiscard]] double take_residual(Index size);
  [[nodiscard]] bool solve_in_double(Index size);

  Index most_;
  std::vector<double> matrix_;  ///< the upper half, with the penalty once prepared
  std::vector<double> target_;
  std::vector<double> solution_;
  std::vector<double> residual_;
  kernels::SymmetricSystem system_;
  std::vector<double> factor_;  ///< of the systems that float cannot solve
  Index solved_in_double_ = 0;
  double condition_ = 0;
};

}  // namespace rankwise
