#include "distributed/blending/score_rows.hpp"

#include <algorithm>
#include <utility>

#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/ranking/score_block.hpp"

namespace rankwise {

namespace {

constexpr Index items_per_read = 4096;

/// Scores of all users for the items of one block, which begin at column `first`.
void fill_block(ConstMatrixView users, ConstMatrixView items, Index first, MatrixView scores) {
  const Index blocks = (users.rows + kernels::score_users - 1) / kernels::score_users;
  const int threads = team_size(static_cast<double>(users.rows * items.rows) * static_cast<double>(users.columns));
#pragma omp parallel num_threads(threads)
  {
    Matrix buffer = kernels::score_buffer();
#pragma omp for schedule(dynamic)
    for (Index block = 0; block < blocks; ++block) {
      const Index user = block * kernels::score_users;
      const ConstMatrixView some = users.middle_rows(user, std::min(kernels::score_users, users.rows - user));
      for (Index begin = 0; begin < items.rows; begin += kernels::score_items) {
        const Index count = std::min(kernels::score_items, items.rows - begin);
        kernels::score_block(some, items.middle_rows(begin, count), buffer.view());
        for (Index u = 0; u < some.rows; ++u) std::copy_n(buffer.row(u), count, scores.row(user + u) + first + begin);
      }
    }
  }
}

}  // namespace

ScoringItems::ScoringItems(Index items, ItemVectors vectors, ItemStorage storage)
    : items_(items), vectors_(std::move(vectors)) {
  if (storage == ItemStorage::streamed) return;
  for (Index number = 0; number * items_per_read < items_; ++number) kept_.push_back(vectors_(block(number)));
}

RowRange ScoringItems::block(Index number) const {
  return {number * items_per_read, std::min((number + 1) * items_per_read, items_)};
}

void ScoringItems::fill(ConstMatrixView users, MatrixView scores) const {
  for (Index number = 0; number * items_per_read < items_; ++number) {
    const RowRange range = block(number);
    if (kept_.empty()) {
      const Matrix read = vectors_(range);
      fill_block(users, read.view(), range.begin, scores);
    } else {
      fill_block(users, kept_[at(number)].view(), range.begin, scores);
    }
  }
}

void fill_item_scores(const ItemScorer& scorer, const SparseRows& histories, std::span<const Index> users,
                      MatrixView scores) {
  for (Index u = 0; u < std::ssize(users); ++u) std::ranges::fill(scores.row_span(u), 0.0F);
  double entries = 0;
  for (const Index row : users) entries += static_cast<double>(row_columns(histories, row).size());
  for (Index number = 0; number < scorer.weights.blocks(); ++number) {
    const auto block = scorer.weights.block(number);  // may be collective
    const double targets_per_speaker =
        static_cast<double>(block->targets.size()) / static_cast<double>(std::max<Index>(scorer.weights.items(), 1));
#pragma omp parallel num_threads(team_size(entries* targets_per_speaker))
    {
      BlockScores sums(block->items.size());
#pragma omp for schedule(dynamic, 16)
      for (Index u = 0; u < std::ssize(users); ++u) {
        float* row = scores.row(u);
        sums.for_each(*block, speaking_items(histories, users[at(u)], scorer.weighting),
                      [row](Index item, double score) { row[item] = static_cast<float>(score); });
      }
    }
  }
}

}  // namespace rankwise
