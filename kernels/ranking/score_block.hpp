#pragma once
// Scores of a block of users against a block of items: the product under every ranking.

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// Users and items per call that keep packed items and scores in L2.
inline constexpr Index score_users = 64;
inline constexpr Index score_items = 768;

/// Room for the scores of one call.
[[nodiscard]] inline Matrix score_buffer() {
  return {score_users, score_items + 48};
}  // one more panel of the widest target

/// scores(u, i) = <users(u), items(i)>, one accumulator per pair, FMA in the order of the columns: the same bits on
/// every target with FMA, for any blocking. At most score_users x score_items; both have the same number of columns;
/// `scores` is score_buffer() or larger; what lies beyond items.rows in its rows is overwritten.
void score_block(ConstMatrixView users, ConstMatrixView items, MatrixView scores);

}  // namespace rankwise::kernels
