#pragma once
// Items whose users' rows are in memory together.

#include <span>
#include <vector>

#include "distributed/itemcf/pair_matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Some of the wanted items with all of their users, or one item with some of its users, others being in the batches
/// beside this one.
struct UserBatch {
  RowRange wanted;                ///< places among the wanted items
  RowRange entries;               ///< of a single item, if it takes several batches: among its users
  bool is_part = false;           ///< of a single item
  bool is_last = true;            ///< part of it
  std::vector<LocalIndex> users;  ///< places in PairMatrix::needed_users, ascending
};

/// Batches of this rank's `wanted` items (local, ascending) whose users' rows take at most `budget_bytes` each (0: no
/// bound), or are a single row.
[[nodiscard]] std::vector<UserBatch> batch_users(const PairMatrix& matrix, std::span<const Index> wanted,
                                                 Index budget_bytes);

}  // namespace rankwise
