#pragma once
// Weights of neighbours by ridge regression: each item regressed on its own neighbours (Steck 2019, arXiv 1910.09645).

#include <memory>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/entry_weights.hpp"
#include "distributed/itemcf/item_layout.hpp"
#include "distributed/itemcf/pair_matrix.hpp"
#include "distributed/rows/sparse_rows.hpp"

namespace rankwise {

struct RidgeSettings {
  double penalty = 0;
  double normalization = 0;  ///< a: 0 leaves the sums as they are
};

/// The Gramian's elements from sums: C_ij for normalization 0, else (C_ij - d_i d_j / N) / (v_i v_j)^(a/2), with d_i
/// the sum of an item's weights, N the users, and v_i = n_i - d_i^2 / N.
class RidgeScaling {
 public:
  RidgeScaling(const ItemSums& sums, double quantum, Index users, double normalization);

  [[nodiscard]] double element(Index i, Index j, double common) const {
    const std::size_t a = static_cast<std::size_t>(i);
    const std::size_t b = static_cast<std::size_t>(j);
    return centres_ ? (common - means_[a] * sums_[b]) * inverse_[a] * inverse_[b] : common;
  }
  [[nodiscard]] double diagonal(Index i) const { return element(i, i, squares_[static_cast<std::size_t>(i)]); }
  /// A weight of the scaled problem, by which i speaks for j, in the scale of the entries.
  [[nodiscard]] double unscaled(Index i, Index j, double weight) const {
    return centres_ ? weight * inverse_[static_cast<std::size_t>(i)] * scale_[static_cast<std::size_t>(j)] : weight;
  }

 private:
  bool centres_;
  std::vector<double> squares_;
  std::vector<double> sums_;
  std::vector<double> means_;
  std::vector<double> scale_;    ///< v_i^(a/2)
  std::vector<double> inverse_;  ///< of it; 0 for an item that all users have alike, which says nothing
};

/// The system of the largest condition, among those that floats cannot solve.
struct HardestSystem {
  Index item = -1;       ///< of all items; -1: there is no such system, or it is that of all items
  double condition = 0;  ///< the largest over the smallest pivot, at most the condition number
};

struct RidgeWeights {
  SparseRows weights;  ///< row j: by which its neighbours speak for j
  // Of all ranks:
  Index solved_in_double = 0;  ///< systems whose condition is beyond what floats carry
  HardestSystem hardest = {};
  Index asked_pairs = 0;    ///< of neighbours, each once a batch and rank
  Index counted_pairs = 0;  ///< of items of a user, to answer them
  Index batches = 0;        ///< of the rank with most
};

/// `neighbours` as find_neighbours gives them, `matrix` of the entries' own weights. Neighbourhoods and sums of their
/// pairs take at most `budget_bytes` at a time (0: 1 GiB), or are those of one item. Throws AgreedError(bad_data) for a
/// system that is not positive definite. The same bits for any ranks, threads and budgets. Collective over comm.
[[nodiscard]] RidgeWeights ridge_weights(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                                         const RidgeScaling& scaling, const RidgeSettings& settings,
                                         SparseRows neighbours, Index budget_bytes);

/// The hardest of all ranks', ties to the lower item. Collective over comm.
[[nodiscard]] HardestSystem hardest_of(const Communicator& comm, const HardestSystem& mine);

}  // namespace rankwise
