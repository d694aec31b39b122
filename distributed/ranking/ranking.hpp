#pragma once
// Rankings over the full catalogue: items stream by in blocks, each user keeps its best.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "distributed/ranking/catalogue.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/packed_items.hpp"
#include "kernels/ranking/top_items.hpp"

namespace rankwise {

/// Scoring vectors of the items in a range; called with the same ranges in the same order on every rank.
using ItemVectors = std::function<Matrix(RowRange)>;

enum class ItemStorage {
  streamed,  ///< a block at a time, again for each ranking
  kept       ///< all, for many rankings
};

/// How items whose vectors have `width` floats are stored if memory is no matter: kept if their vectors are small.
[[nodiscard]] ItemStorage item_storage(Index items, Index width);
/// Users of a rank that are ranked at a time, which bounds the memory of their lists. Small rounds use the same pages
/// again: to fill fresh ones took half the time of a run. They want items that are kept.
[[nodiscard]] Index users_per_ranking(ItemStorage storage);

/// The items of a catalogue, packed for ranking block by block.
class RankableItems {
 public:
  struct Block {
    Block(Matrix block_vectors, kernels::PackedItems block_packed)
        : vectors(std::move(block_vectors)), packed(std::move(block_packed)) {}
    Matrix vectors;
    kernels::PackedItems packed;  ///< of `vectors`
  };

  /// `catalogue` outlives this. Collective if `vectors` is and all are kept; throws AgreedError(bad_data) for more than
  /// 2^32 items.
  RankableItems(const Catalogue& catalogue, ItemVectors vectors, ItemStorage storage);

  /// What so many items, whose vectors have `width` floats, take at a time.
  [[nodiscard]] static Index bytes(Index items, Index width, ItemStorage storage);

  [[nodiscard]] Index blocks() const;
  /// Collective if `vectors` is and items are streamed.
  [[nodiscard]] std::shared_ptr<const Block> block(Index number) const;

 private:
  [[nodiscard]] std::shared_ptr<const Block> pack(Index number) const;

  const Catalogue& catalogue_;
  ItemVectors vectors_;
  std::vector<std::shared_ptr<const Block>> kept_;
};

/// The best `count` items for each row of `users` by <user, item> that the rule allows a user whose history is the same
/// row of `histories`. No score that falls short is ever stored. Collective as RankableItems::block is.
[[nodiscard]] TopItems rank_items(const ListRule& rule, const RankableItems& items, ConstMatrixView users,
                                  const SparseRows& histories, Index count);

/// What is wrong with a score that is not finite: "the score of item row 7 is inf; expected ...".
[[nodiscard]] std::string overflow_text(Index item, float score);

/// Turns user factors into vectors whose product with item factors orders the items: under biases the user's own bias,
/// which orders nothing, gives way to the factor 1 of the item's bias.
void make_scoring_vectors(const Objective& objective, Matrix& users);

}  // namespace rankwise
