#pragma once
// Normal equations of all ranks' rows, the same bits for any ranks and threads.

#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/regression/design_matrix.hpp"
#include "kernels/base/types.hpp"
#include "kernels/regression/normal_solution.hpp"

namespace rankwise {

/// Sums over the rows of a design matrix. A chunk of rows is summed in ascending order by one thread; chunks are added
/// as integers on one grid (kernels/base/fixed_point_sum.hpp), to which each column is scaled by a power of two.
class WeightedSums {
 public:
  /// `design` outlives this. Collective over comm.
  WeightedSums(const Communicator& comm, const DesignMatrix& design);

  [[nodiscard]] const DesignMatrix& design() const { return *design_; }
  /// sum w x x^T and sum t x over all ranks' rows; `weights` (at least 0) and `targets` are finite, one a row of this
  /// rank. Collective over comm.
  [[nodiscard]] NormalEquations sum(const Communicator& comm, std::span<const double> weights,
                                    std::span<const double> targets) const;

 private:
  const DesignMatrix* design_;
  Index all_chunks_ = 0;        // over all ranks
  std::vector<int> exponents_;  // |values of column c| <= 2^exponents_[c]
};

/// x_r . coefficients of this rank's rows.
[[nodiscard]] std::vector<double> linear_scores(const DesignMatrix& design, std::span<const double> coefficients);

}  // namespace rankwise
