#pragma once
// The yardstick of rating prediction: mean + user bias + item bias.

#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// r ~ mean + b_u + b_i with damped biases: each is the sum of its residuals over (its ratings + damping).
struct BiasBaseline {
  double mean = 0;
  std::vector<double> item_biases;  ///< of all items, on every rank

  /// The bias of a user who gave the ratings in row `row` of `rows`.
  [[nodiscard]] double user_bias(const SparseRows& rows, Index row) const;
};

/// Fits by alternating exact updates. `rows` are this rank's training rows, by user. The same bits for any partition.
/// Holds one number per item on each rank. Collective over comm.
[[nodiscard]] BiasBaseline fit_bias_baseline(const Communicator& comm, const SparseRows& rows);

}  // namespace rankwise
