#include "distributed/ranking/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <vector>

#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/ranking/packed_items.hpp"
#include "kernels/ranking/rank_block.hpp"

namespace rankwise {

namespace {

/// Items read at a time; 4 MiB of factors at k = 64. With so many, the marks of a user's history cost little.
constexpr Index items_per_read = 1 << 14;
/// Users at a time of a thread: a panel of items serves all of them before the next one is read. Their vectors and the
/// marks of their items take a part of L2.
constexpr Index users_per_block = 128;

/// Lists hold item numbers of 32 bits.
constexpr Index most_items = Index{1} << 32;

/// The rows of a block of items that lists may have, popular ones first: these raise thresholds early.
std::vector<Index> visiting_order(const Catalogue& catalogue, RowRange block) {
  std::vector<Index> rows;
  for (Index row = 0; row < block.size(); ++row) {
    if (catalogue.is_candidate(block.begin + row)) rows.push_back(row);
  }
  std::ranges::stable_sort(rows, std::ranges::greater(),
                           [&](Index row) { return catalogue.entries[static_cast<std::size_t>(block.begin + row)]; });
  return rows;
}

/// Calls step(user, position) for each item of these users' histories that is packed.
template <class Step>
void for_each_position(const SparseRows& histories, RowRange users, const kernels::PackedItems& items,
                       const Step& step) {
  for (Index user = users.begin; user < users.end; ++user) {
    for (const Index item : row_columns(histories, user)) {
      const std::int32_t position = items.position(item);
      if (position >= 0) step(user - users.begin, position);
    }
  }
}

void offer_items(const ListRule& rule, ConstMatrixView users, const kernels::PackedItems& items,
                 const SparseRows& histories, TopItems& top) {
  const kernels::MarkedItems marked =
      rule.seen == SeenItems::only ? kernels::MarkedItems::keep_only : kernels::MarkedItems::leave_out;
  const Index blocks = (users.rows + users_per_block - 1) / users_per_block;
  const int threads = team_size(static_cast<double>(users.rows * items.size()) * static_cast<double>(users.columns));
#pragma omp parallel num_threads(threads)
  {
    kernels::PositionBits marks(std::min(users_per_block, users.rows), items.size());
#pragma omp for schedule(dynamic)
    for (Index block = 0; block < blocks; ++block) {
      const Index first = block * users_per_block;
      const RowRange range{first, std::min(first + users_per_block, users.rows)};
      if (rule.seen != SeenItems::allow) {
        for_each_position(histories, range, items, [&](Index u, Index position) { marks.set(u, position); });
      }
      kernels::rank_block(users.middle_rows(first, range.size()), items, marks, marked, top, first);
      if (rule.seen != SeenItems::allow) {
        for_each_position(histories, range, items, [&](Index u, Index position) { marks.clear(u, position); });
      }
    }
  }
}

void settle(TopItems& top, Index users) {
  const int threads = team_size(static_cast<double>(users * top.count()) * 10);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (Index user = 0; user < users; ++user) top.settle(user);
}

}  // namespace

TopItems rank_items(const ListRule& rule, const ItemVectors& item_vectors, ConstMatrixView users,
                    const SparseRows& histories, Index count) {
  const Index item_count = rule.catalogue.items();
  if (item_count > most_items) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{} items; expected at most {}", item_count, most_items));
  }
  TopItems top(users.rows, std::min(count, item_count));
  for (Index first = 0; first < item_count; first += items_per_read) {
    const RowRange block{first, std::min(first + items_per_read, item_count)};
    const Matrix vectors = item_vectors(block);
    if (users.rows == 0) continue;  // item_vectors may be collective
    offer_items(rule, users, kernels::PackedItems(vectors.view(), first, visiting_order(rule.catalogue, block)),
                histories, top);
  }
  settle(top, users.rows);
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
