#pragma once
// Scores of users against items and the best of them in one pass: no score that falls short is ever stored.

#include "kernels/base/matrix.hpp"
#include "kernels/ranking/packed_items.hpp"
#include "kernels/ranking/top_items.hpp"

namespace rankwise::kernels {

/// Offers every item to users `first_user`, first_user + 1, ... of `top`, whose vectors are the rows of `users`; marks
/// are by row of `users`. A score is <user, item> with one accumulator, FMA in the order of the columns: the same bits
/// on every target with FMA, and with either precision of the first pass, if items have codes.
void rank_block(ConstMatrixView users, const PackedItems& items, const PositionBits& marks, MarkedItems rule,
                TopItems& top, Index first_user, ItemPrecision precision);

}  // namespace rankwise::kernels
