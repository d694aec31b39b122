#pragma once
// All scores of some users by one model: a row of each user, dense.

#include <functional>
#include <span>
#include <vector>

#include "distributed/itemcf/item_lists.hpp"
#include "distributed/ranking/ranking.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The items of a model of factors, for scores of many rounds of users.
class ScoringItems {
 public:
  /// Collective if `vectors` is and all are kept.
  ScoringItems(Index items, ItemVectors vectors, ItemStorage storage);

  [[nodiscard]] Index items() const { return items_; }
  /// scores(u, i) = <users(u), item i>, by all threads: one float accumulator, fused, in the order of the columns.
  /// Collective if `vectors` is and items are streamed.
  void fill(ConstMatrixView users, MatrixView scores) const;

 private:
  [[nodiscard]] RowRange block(Index number) const;

  Index items_;
  ItemVectors vectors_;
  std::vector<Matrix> kept_;
};

/// The scores of an item model, rounded to floats as its own lists have them; 0 of items that no item of the user
/// speaks for. `users`: local rows of `histories`. By all threads. Collective if reading weights is.
void fill_item_scores(const ItemScorer& scorer, const SparseRows& histories, std::span<const Index> users,
                      MatrixView scores);

}  // namespace rankwise
