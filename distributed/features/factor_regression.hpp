#pragma once
// The linear map from features to factors: ridge regression by its normal equations, the same bits for any ranks.

#include <cstdint>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/features/feature_rows.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Minimizes sum_u lambda_u |x_u - A f_u|^2 + mu |A|^2 over A (stored as A^T: features x width) for the rows of a side.
/// f_u and lambda_u stay the same over a training, so that the matrix of the normal equations,
/// sum lambda_u f_u f_u^T + mu I, is factorized once. Sums over rows are of integers (kernels/base/fixed_point_sum.hpp)
/// and the factorization takes its terms in one order: a library's blocked one depends on the caches of the processor.
class FactorRegression {
 public:
  /// `weights`: lambda_u of this rank's rows; 0 of a row that has no say. mu is `penalty_rows` times the mean of those
  /// above 0: each weight of A is held back as by so many rows of value 1. Collective over comm; throws
  /// AgreedError(bad_data) if no row has a say, or the matrix is not positive definite.
  FactorRegression(const Communicator& comm, FeatureRows rows, std::vector<float> weights, double penalty_rows);

  /// A^T for this rank's rows of the factors. Collective over comm; throws AgreedError(bad_data) if it is not finite.
  [[nodiscard]] Matrix solve(const Communicator& comm, ConstMatrixView factors) const;
  /// mu |A|^2.
  [[nodiscard]] double penalty(ConstMatrixView weights) const;
  /// mu.
  [[nodiscard]] double penalty_weight() const { return penalty_weight_; }
  /// Of the factorized matrix, which every rank holds.
  [[nodiscard]] Index matrix_bytes() const { return std::ssize(lower_) * static_cast<Index>(sizeof(double)); }
  /// A f_u of this rank's rows.
  [[nodiscard]] Matrix predict(ConstMatrixView weights) const { return weighted_rows(rows_, weights); }
  [[nodiscard]] const FeatureRows& rows() const { return rows_; }
  /// Whether lambda_u of this rank's row is above 0: it has an entry.
  [[nodiscard]] bool has_say(Index row) const { return weights_[static_cast<std::size_t>(row)] > 0; }
  /// Which of this rank's rows have no say, but features that say something of them.
  [[nodiscard]] std::vector<std::uint8_t> described_rows() const;

 private:
  void sum_matrix(const Communicator& comm);
  void factorize();
  /// Replaces a matrix of features x columns by the solution; `columns` of it at a time.
  void substitute(std::vector<double>& right, Index columns) const;
  [[nodiscard]] const double* lower_row(Index row) const { return lower_.data() + row * (row + 1) / 2; }
  [[nodiscard]] double* lower_row(Index row) { return lower_.data() + row * (row + 1) / 2; }

  FeatureRows rows_;
  std::vector<float> weights_;
  double penalty_weight_ = 0;
  std::vector<double> lower_;  // Cholesky factor, row by row
};

}  // namespace rankwise
