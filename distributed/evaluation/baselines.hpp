#pragma once
// The yardsticks of predicted ratings: the mean, and mean + user bias + item bias.

#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
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

/// Held-out value minus its prediction, entry by entry of this rank's held-out ratings.
[[nodiscard]] std::vector<double> bias_baseline_errors(const BiasBaseline& baseline, const HeldoutRows& rows);

/// Mean of all ranks' values, of which this one's are in `pieces`; 0 if there are none. The same bits for any pieces.
/// Collective over comm.
[[nodiscard]] double mean_rating(const Communicator& comm, std::span<const std::span<const float>> pieces);

}  // namespace rankwise
