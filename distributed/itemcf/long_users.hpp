#pragma once
// Users with very many items, such as robots: what they cost, and the rule that cuts them.

#include <cstdint>
#include <span>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/sparse_rows.hpp"

namespace rankwise {

/// A user of n items adds n^2 pairs. Over all ranks.
struct LongUsers {
  Index longest = 0;  ///< items of the longest user
  Index users = 0;    ///< with more than `most` items
  double share = 0;   ///< of all pairs that they add
  Index dropped = 0;  ///< entries that the rule has cut
};

/// Collective over comm.
[[nodiscard]] LongUsers count_long_users(const Communicator& comm, const SparseRows& rows, Index most);

/// Of ids (distributed/rows/id_keys.hpp).
struct DrawKeys {
  std::span<const std::uint64_t> users;  ///< of this rank's rows
  std::span<const std::uint64_t> items;  ///< of all
};

/// Of users with more than `most` items so many, drawn by the seed and the keys: no other user or item in the log
/// changes what stays. Returns what was there before. Without times and folds. Collective over comm.
LongUsers cut_long_users(const Communicator& comm, SparseRows& rows, Index most, const DrawKeys& keys,
                         std::uint64_t seed);

}  // namespace rankwise
