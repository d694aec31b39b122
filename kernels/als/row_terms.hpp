#pragma once
// What each entry of a row adds to the row's scores. The row's factors solve A x = sum_i t_i f_i, so its score of an
// item is x' g = sum_i t_i f_i' A^-1 g: a term for each entry (explanations by Hu, Koren and Volinsky, 2008, section
// 5).
//
// A = alpha0 Y'Y + sum_i w_i f_i f_i' + lambda_u I; weights w_i, targets t_i and lambda_u as in the training
// (kernels/als/objective.hpp). f_i and g are factors of items; with biases they end with a 1 for the row's own bias,
// and the item's bias is taken off t_i. A row that is held near the sum of some p_j has lambda_u p_j' A^-1 g beside
// them.

#include <span>
#include <vector>

#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise::kernels {

/// A row's system, factorized in double. For one thread at a time.
class RowTerms {
 public:
  /// `items`: factors of the row's entries, with biases in the last column if the objective has them; `values`: their
  /// Objective::entry_value(); `gramian`: alpha0 Y'Y over all items, without rows under the explicit loss. Throws
  /// Error(bad_data) if the system is not positive definite.
  RowTerms(const Objective& objective, ConstMatrixView items, std::span<const float> values, ConstMatrixView gramian,
           Index opposite_rows);

  /// Of each entry for an item with these factors, then of each of `priors`, of the width of `items`. Their sum is the
  /// score of an exact solve; with biases the sum and the item's bias and the mean are.
  [[nodiscard]] std::vector<double> of(std::span<const float> item, ConstMatrixView priors = {}) const;

 private:
  [[nodiscard]] std::vector<double> features(std::span<const float> item) const;

  Index width_;
  bool biases_;
  double regularization_;         // lambda_u
  std::vector<double> lower_;     // Cholesky factor of A, row by row
  std::vector<double> features_;  // an entry a row, times its target
  Index entries_;
};

}  // namespace rankwise::kernels
