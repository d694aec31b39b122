#include "distributed/itemcf/item_scores.hpp"

#include <algorithm>
#include <utility>

#include "distributed/rows/select_rows.hpp"

namespace rankwise {

namespace {

constexpr Index usual_block_bytes = Index{512} << 20;
constexpr Index weight_bytes = sizeof(LocalIndex) + sizeof(float);

/// From rows of scored items to rows of those that speak.
ItemWeightBlocks::Block by_speaker(const SparseRows& rows) {
  ItemWeightBlocks::Block block{rows.rows, std::vector<Index>(at(rows.column_count) + 1), {}, {}};
  for (const Index speaker : rows.columns) ++block.offsets[at(speaker) + 1];
  for (std::size_t i = 1; i < block.offsets.size(); ++i) block.offsets[i] += block.offsets[i - 1];
  block.targets.resize(rows.columns.size());
  block.weights.resize(rows.columns.size());
  std::vector<Index> next(block.offsets.begin(), block.offsets.end() - 1);
  for (Index row = 0; row < rows.rows.size(); ++row) {
    for (Index e = rows.offsets[at(row)]; e < rows.offsets[at(row) + 1]; ++e) {
      const std::size_t place = at(next[at(rows.columns[at(e)])]++);
      block.targets[place] = static_cast<LocalIndex>(row);
      block.weights[place] = rows.values[at(e)];
    }
  }
  return block;
}

}  // namespace

ItemWeightBlocks::ItemWeightBlocks(Index items, Index weights, ReadItemWeights read, Index block_bytes)
    : items_(items), read_(std::move(read)) {
  const Index budget = block_bytes > 0 ? block_bytes : usual_block_bytes;
  const Index wanted_blocks = std::max<Index>((weights * weight_bytes + budget - 1) / budget, 1);
  block_items_ = std::max<Index>((items + wanted_blocks - 1) / wanted_blocks, 1);
}

Index ItemWeightBlocks::blocks() const {
  return (items_ + block_items_ - 1) / block_items_;
}

std::shared_ptr<const ItemWeightBlocks::Block> ItemWeightBlocks::block(Index number) const {
  if (kept_) return kept_;
  const RowRange items{number * block_items_, std::min((number + 1) * block_items_, items_)};
  auto block = std::make_shared<const Block>(by_speaker(read_(items)));
  if (blocks() == 1) kept_ = block;
  return block;
}

SpeakingItems speaking_items(const SparseRows& histories, Index row, EntryWeighting weighting) {
  SpeakingItems user{row_columns(histories, row), {}};
  user.weights.reserve(user.items.size());
  for (Index e = histories.offsets[at(row)]; e < histories.offsets[at(row) + 1]; ++e)
    user.weights.push_back(entry_weight(weighting, histories.values[at(e)]));
  return user;
}

void BlockScores::add(const ItemWeightBlocks::Block& block, const SpeakingItems& user) {
  met_.clear();
  if (scores_.size() < at(block.items.size())) scores_.resize(at(block.items.size()));
  for (std::size_t i = 0; i < user.items.size(); ++i) {
    const Index speaker = user.items[i];
    for (Index e = block.offsets[at(speaker)]; e < block.offsets[at(speaker) + 1]; ++e) {
      double& score = scores_[at(block.targets[at(e)])];
      if (score == 0) met_.push_back(block.targets[at(e)]);
      score += user.weights[i] * static_cast<double>(block.weights[at(e)]);
    }
  }
}

std::span<const double> BlockScores::all(const ItemWeightBlocks::Block& block, const SpeakingItems& user) {
  std::ranges::fill(scores_, 0.0);
  add(block, user);
  return std::span<const double>(scores_).first(at(block.items.size()));
}

}  // namespace rankwise
