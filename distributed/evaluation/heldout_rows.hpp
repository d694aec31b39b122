#pragma once
// What is held out of users, what is known of them, and which of it a list can be asked for.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What is predicted of this rank's users, and what is known of them. All parts have the same rows.
struct HeldoutRows {
  Partition partition;         ///< of all users
  SparseRows heldout;          ///< to be predicted; users without entries have no part in rankings
  SparseRows seen;             ///< training interactions, or what was given of users held out whole
  std::vector<char> are_seen;  ///< of each entry of `heldout`, whether the user's row of `seen` has the item, too

  /// By all threads.
  HeldoutRows() = default;
  HeldoutRows(Partition users, SparseRows heldout_rows, SparseRows seen_rows);
};

/// Of one user: the held-out items that a list can be asked for. Items without a training entry are among them: that
/// no list has them is a miss.
struct Targets {
  std::vector<Index> items;   ///< ascending
  std::vector<Index> places;  ///< of each, among the entries of HeldoutRows::heldout
};

/// Replaces `targets` by those of a local row, if the rule for seen items lets a list have them.
void find_targets(SeenItems seen, const HeldoutRows& rows, Index row, Targets& targets);

/// Local rows of users with something to find, ascending.
[[nodiscard]] std::vector<Index> ranked_users(SeenItems seen, const HeldoutRows& rows);

/// How rankings treat what is held out; over all ranks.
struct RankingCounts {
  Index users = 0;            ///< with something to find
  Index popular_users = 0;    ///< of them, whose list is the popular items: nothing is known of them
  Index targets = 0;          ///< items to find
  Index cold_targets = 0;     ///< of them, of items of which nothing is known: no list has them
  Index left_out = 0;         ///< held-out pairs that the rule for seen items keeps out of the lists
  Index described_users = 0;  ///< of the users, without a training entry: their lists are by their features
  Index described_targets =
      0;  ///< of the targets, of items without a training entry: lists have them by their features
};

/// `described_users`: of each local row, whether features stand in for a history; empty: of none. Collective over comm.
[[nodiscard]] RankingCounts count_rankings(const Communicator& comm, const ListRule& rule, const HeldoutRows& rows,
                                           std::span<const std::uint8_t> described_users = {});

/// Held-out ratings whose prediction is not wholly the model's; over all ranks.
struct RatingCounts {
  Index ratings = 0;
  Index cold_users = 0;  ///< ratings of users without a training entry
  Index cold_items = 0;  ///< ratings of items without a training entry
  Index cold = 0;        ///< ratings of either
};

/// `described_users`: see count_rankings(); they are not cold. Collective over comm.
[[nodiscard]] RatingCounts count_ratings(const Communicator& comm, const Catalogue& catalogue, const HeldoutRows& rows,
                                         std::span<const std::uint8_t> described_users = {});

}  // namespace rankwise
