#include "distributed/ranking/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <span>

#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/ranking/score_block.hpp"

namespace rankwise {

namespace {

/// Items read at a time; 2 MiB of factors at k = 128.
constexpr Index items_per_read = 4096;

/// Offers the scores of `scores.size()` items from `first_item` on that the rule allows.
void offer(const ListRule& rule, Index user, std::span<const float> scores, Index first_item,
           std::span<const Index> history, TopItems& top) {
  if (rule.seen != SeenItems::only) {
    const std::span<const Index> entries =
        std::span(rule.catalogue.entries).subspan(static_cast<std::size_t>(first_item), scores.size());
    top.offer(user, scores, first_item, entries, rule.seen == SeenItems::allow ? std::span<const Index>() : history);
    return;
  }
  const Index end = first_item + static_cast<Index>(scores.size());
  for (auto item = std::ranges::lower_bound(history, first_item); item != history.end() && *item < end; ++item) {
    const std::span<const float> score = scores.subspan(static_cast<std::size_t>(*item - first_item), 1);
    top.offer(user, score, *item, std::span(rule.catalogue.entries).subspan(static_cast<std::size_t>(*item), 1), {});
  }
}

void rank_block(const ListRule& rule, ConstMatrixView users, ConstMatrixView items, Index first_item,
                const SparseRows& histories, TopItems& top) {
  const Index user_blocks = (users.rows + kernels::score_users - 1) / kernels::score_users;
  const int threads = team_size(static_cast<double>(users.rows * items.rows) * static_cast<double>(users.columns));
#pragma omp parallel num_threads(threads)
  {
    Matrix scores = kernels::score_buffer();
#pragma omp for schedule(dynamic)
    for (Index block = 0; block < user_blocks; ++block) {
      const Index first_user = block * kernels::score_users;
      const ConstMatrixView block_users =
          users.middle_rows(first_user, std::min(kernels::score_users, users.rows - first_user));
      for (Index begin = 0; begin < items.rows; begin += kernels::score_items) {
        const Index item_count = std::min(kernels::score_items, items.rows - begin);
        kernels::score_block(block_users, items.middle_rows(begin, item_count), scores.view());
        for (Index u = 0; u < block_users.rows; ++u) {
          offer(rule, first_user + u, {scores.row(u), static_cast<std::size_t>(item_count)}, first_item + begin,
                row_columns(histories, first_user + u), top);
        }
      }
    }
  }
}

}  // namespace

TopItems rank_items(const ListRule& rule, const ItemVectors& item_vectors, ConstMatrixView users,
                    const SparseRows& histories, Index count) {
  const Index item_count = rule.catalogue.items();
  TopItems top(users.rows, std::min(count, item_count));
  for (Index first = 0; first < item_count; first += items_per_read) {
    const Matrix items = item_vectors({first, std::min(first + items_per_read, item_count)});
    rank_block(rule, users, items.view(), first, histories, top);
  }
  return top;
}

std::string overflow_text(Index item, float score) {
  return fmt::format("the score of item row {} is {}; expected one within the range of 32-bit floating point", item,
                     std::isnan(score) ? "nan"
                     : score > 0       ? "inf"
                                       : "-inf");
}

void make_scoring_vectors(const Objective& objective, Matrix& users) {
  if (!objective.biases) return;
  for (Index r = 0; r < users.rows(); ++r) users.row(r)[users.columns() - 1] = 1.0F;
}

}  // namespace rankwise
