#pragma once
// What entries weigh: integers times a quantum that is a power of two, so that all sums of products are exact.

#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/itemcf/common_users.hpp"
#include "kernels/itemcf/similarity.hpp"

namespace rankwise {

/// What an entry of value r weighs: 1, r, or ln(1 + r).
enum class EntryWeighting { one, value, logarithm };

/// The weight of an entry; of a value below 0 the logarithm is that of 0.
[[nodiscard]] double entry_weight(EntryWeighting weighting, float value);

/// Rows whose values are whole numbers, at most largest_weight: times `quantum`, they are the weights. The quantum is
/// 2^-16 of the power of two that the largest weight does not exceed; of ones it is 1.
struct WeighedRows {
  SparseRows rows;
  EntryWeights kind = EntryWeights::ones;
  double quantum = 1;
  Index vanished = 0;  ///< entries over all ranks whose weight rounds to 0, though it is not
};

/// Sums of an item over its users, the same on every rank: in quanta, exact.
struct ItemSums {
  std::vector<std::int64_t> entries;
  std::vector<std::int64_t> weights;
  std::vector<std::int64_t> squares;  ///< in squared quanta
};

/// Throws AgreedError(bad_data) for a value that the weighting does not take: below 0 for the logarithm. Collective
/// over comm.
void require_weighable(const Communicator& comm, const SparseRows& rows, EntryWeighting weighting);

/// Throws as require_weighable(). Collective over comm.
[[nodiscard]] WeighedRows weigh_entries(const Communicator& comm, SparseRows rows, EntryWeighting weighting);

/// Collective over comm.
[[nodiscard]] ItemSums sum_items(const Communicator& comm, const WeighedRows& weighed);

/// Whether a similarity has weights of its own on top of the entries'.
[[nodiscard]] bool reweighs(SimilarityKind kind);

/// The entries' weights in such a similarity; `sums` are of `plain`. Throws AgreedError(bad_data) for weights below 0.
/// Collective over comm.
[[nodiscard]] WeighedRows reweigh(const Communicator& comm, const WeighedRows& plain, const ItemSums& sums,
                                  const SimilaritySettings& similarity);

}  // namespace rankwise
