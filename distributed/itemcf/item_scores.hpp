#pragma once
// Scores of items by the items that a user has: score(u, j) = sum over u's items i of w_ui s_ij.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/entry_weights.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows of an item model's weights: row j holds the items that speak for j. Called with the same ranges in the same
/// order on every rank; may be collective.
using ReadItemWeights = std::function<SparseRows(RowRange items)>;

/// Weights by blocks of scored items, each block by the item that speaks.
class ItemWeightBlocks {
 public:
  struct Block {
    RowRange items;                   ///< that are scored
    std::vector<Index> offsets;       ///< of each item of the model that speaks, and the end
    std::vector<LocalIndex> targets;  ///< scored items, counted from items.begin, ascending
    std::vector<float> weights;
  };

  /// Of a model of so many items and weights. Blocks take some `block_bytes` (0: 512 MiB); one block is kept, several
  /// are read again whenever they are asked for.
  ItemWeightBlocks(Index items, Index weights, ReadItemWeights read, Index block_bytes = 0);

  [[nodiscard]] Index items() const { return items_; }
  [[nodiscard]] Index blocks() const;
  /// Collective if `read` is.
  [[nodiscard]] std::shared_ptr<const Block> block(Index number) const;

 private:
  Index items_;
  Index block_items_;
  ReadItemWeights read_;
  mutable std::shared_ptr<const Block> kept_;
};

/// A user's items in the model's numbers, ascending, and what their entries weigh.
struct SpeakingItems {
  std::span<const Index> items;
  std::vector<double> weights;
};

/// A local row of `histories`, whose values are the dataset's.
[[nodiscard]] SpeakingItems speaking_items(const SparseRows& histories, Index row, EntryWeighting weighting);

/// Scores of one user after the other in one block; for one thread. Sums are in double, ascending by the item that
/// speaks, so that they are the same in any blocks.
class BlockScores {
 public:
  explicit BlockScores(Index block_items) : scores_(static_cast<std::size_t>(block_items)) {}

  /// Calls offer(item, score) for the items of the block whose score is not 0, in no promised order.
  template <class Offer>
  void for_each(const ItemWeightBlocks::Block& block, const SpeakingItems& user, Offer&& offer) {
    add(block, user);
    for (const LocalIndex target : met_) {
      double& score = scores_[static_cast<std::size_t>(target)];
      if (score != 0) offer(block.items.begin + target, score);
      score = 0;
    }
  }
  /// All of the block's scores, valid until the next call.
  [[nodiscard]] std::span<const double> all(const ItemWeightBlocks::Block& block, const SpeakingItems& user);

 private:
  void add(const ItemWeightBlocks::Block& block, const SpeakingItems& user);

  std::vector<double> scores_;
  std::vector<LocalIndex> met_;  ///< whose score is perhaps not 0; some perhaps twice
};

}  // namespace rankwise
