#pragma once
// The best items of users by an item model.

#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/evaluation/list_table.hpp"
#include "distributed/itemcf/item_scores.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// An item model for lists; what it refers to outlives it.
struct ItemScorer {
  const ItemWeightBlocks& weights;
  EntryWeighting weighting;
};

/// Of each of `rows` (local, in `histories`) the `count` best items that the rule allows and whose score without boosts
/// is above 0, equal scores by the lower item; best first. `boosts`: of each item, what its score is raised by; empty:
/// nothing. `seen`: what the rule looks at, the same rows. Collective over comm if reading weights is.
[[nodiscard]] std::vector<std::vector<ScoredItem>> item_lists(const ItemScorer& scorer, const ListRule& rule,
                                                              const SparseRows& histories, const SparseRows& seen,
                                                              std::span<const Index> rows, Index count,
                                                              std::span<const float> boosts = {});

/// Users of a rank that have lists of so many items at a time, by a model that is read in so many blocks: some 256 MiB
/// of lists, and 65,536 at most for each block, since all blocks are read for each round of users.
[[nodiscard]] Index users_at_a_time(Index count, Index blocks);

/// What lists of an item model are worth, and of how many users, over all ranks, that is not their own list's value.
struct ItemModelLists {
  ListTable table;
  Index popular_users = 0;  ///< whom training knows, but for whom no item has a score above 0: they get popular items
  Index short_lists = 0;    ///< with items, but fewer than the metrics ask for
};

/// What such lists are worth to this rank's users, who speak by HeldoutRows::seen. Users for whom no item has a score
/// above 0 get the popular items; areas take all items. Throws AgreedError(bad_data) for a score that is not finite.
/// Collective over comm.
[[nodiscard]] ItemModelLists item_model_lists(const Communicator& comm, const ItemScorer& scorer,
                                              const ListQuestions& questions, const HeldoutRows& rows);

}  // namespace rankwise
