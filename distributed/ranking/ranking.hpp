#pragma once
// Rankings over the full catalogue: items stream by in blocks, each user keeps its best.

#include <functional>
#include <string>

#include "distributed/ranking/catalogue.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/top_items.hpp"

namespace rankwise {

/// Scoring vectors of the items in a range; called with the same ranges in the same order on every rank.
using ItemVectors = std::function<Matrix(RowRange)>;

/// The best `count` items for each row of `users` by <user, item> that the rule allows a user whose history is the same
/// row of `histories`. No score that falls short is ever stored.
/// Collective if `item_vectors` is; throws AgreedError(bad_data) for more than 2^32 items.
[[nodiscard]] TopItems rank_items(const ListRule& rule, const ItemVectors& item_vectors, ConstMatrixView users,
                                  const SparseRows& histories, Index count);

/// What is wrong with a score that is not finite: "the score of item row 7 is inf; expected ...".
[[nodiscard]] std::string overflow_text(Index item, float score);

/// Turns user factors into vectors whose product with item factors orders the items: under biases the user's own bias,
/// which orders nothing, gives way to the factor 1 of the item's bias.
void make_scoring_vectors(const Objective& objective, Matrix& users);

}  // namespace rankwise
