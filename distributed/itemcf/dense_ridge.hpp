#pragma once
// Ridge weights of all items on all others: EASE (Steck 2019, arXiv 1905.03375), for small catalogues.

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/ridge_weights.hpp"

namespace rankwise {

/// Bytes of a rank for so many items.
[[nodiscard]] Index dense_ridge_bytes(Index items);

/// Row j: weights of all other items that have users, by which they speak for j. Each rank has the whole Gramian, and
/// factors it by itself; the condition is that of all. Throws AgreedError(bad_data) if it is not positive definite. The
/// same bits for any ranks, threads and budgets. Collective over comm.
[[nodiscard]] RidgeWeights dense_ridge(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                                       const ItemSums& sums, const RidgeScaling& scaling, const RidgeSettings& settings,
                                       Index budget_bytes);

}  // namespace rankwise
