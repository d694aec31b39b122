#pragma once
// The most similar items of each item.

#include <optional>

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/entry_weights.hpp"
#include "distributed/itemcf/item_layout.hpp"
#include "distributed/itemcf/pair_matrix.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/itemcf/similarity.hpp"

namespace rankwise {

/// Which items are neighbours of an item j: of the others i whose similarity s_ij is above 0 and not below `least`, and
/// which at least `least_common_users` users have beside j, the `most` with the largest similarity as a float, ties to
/// the lower item.
struct NeighbourRule {
  std::optional<Index> most;  ///< nothing: all
  double least = 0;
  Index least_common_users = 1;
};

/// Row j of the result holds the neighbours of item j, ascending, and their similarities; this rank's are the items of
/// ItemLayout::items. `matrix`: of the weights that the similarity takes; `sizes`: Similarity's, of each item.
/// `budget_bytes`: see count_common. The same bits for any ranks, threads and budgets. Collective over comm.
[[nodiscard]] SparseRows find_neighbours(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                                         const SimilaritySettings& similarity, std::span<const double> sizes,
                                         const NeighbourRule& rule, Index budget_bytes);

/// What Similarity takes as sizes: n_i, or d_i of rp3beta. `plain`: sums of the entries' own weights, in quanta;
/// `weighed`: of those that the similarity takes.
[[nodiscard]] std::vector<double> similarity_sizes(SimilarityKind kind, const ItemSums& plain, double plain_quantum,
                                                   const ItemSums& weighed, double weighed_quantum);

}  // namespace rankwise
