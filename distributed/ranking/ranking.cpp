#include "distributed/ranking/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <fmt/format.h>
#include <utility>
#include <vector>

#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/ranking/coarse_block.hpp"
#include "kernels/ranking/rank_block.hpp"

namespace rankwise {

namespace {

/// Items read at a time; 4 MiB of factors at k = 64. With so many, the marks of a user's history cost little.
constexpr Index items_per_read = 1 << 14;
/// Users at a time of a thread: a panel of items serves all of them before the next one is read. Their vectors and the
/// marks of their items take a part of L2.
constexpr Index users_per_block = 128;

/// Lists of more than a hundredth of the catalogue have so many candidates that a first pass in codes gains nothing.
constexpr Index least_items_per_place = 100;

/// Vectors of items up to this size are kept, which takes them two and a quarter times; larger ones are read again for
/// each round of users.
constexpr Index kept_vector_bytes = Index{128} << 20;
constexpr Index users_per_round = 1 << 13;
constexpr Index users_per_long_round = 1 << 16;

/// Lists hold item numbers of 32 bits.
constexpr Index most_items = Index{1} << 32;

/// The rows of a block of items that lists may have, those with the longest vectors first: they raise thresholds early,
/// and of what follows whole panels cannot reach them.
std::vector<Index> visiting_order(const Catalogue& catalogue, Index first_item, ConstMatrixView vectors) {
  std::vector<Index> rows;
  std::vector<double> squares(static_cast<std::size_t>(vectors.rows));
  for (Index row = 0; row < vectors.rows; ++row) {
    if (!catalogue.is_candidate(first_item + row)) continue;
    rows.push_back(row);
    for (const float value : vectors.row_span(row)) {
      squares[static_cast<std::size_t>(row)] += static_cast<double>(value) * static_cast<double>(value);
    }
  }
  // What is no number orders nothing, but must not spoil the order of the others.
  std::ranges::stable_sort(rows, [&](Index x, Index y) {
    return std::strong_order(squares[static_cast<std::size_t>(x)], squares[static_cast<std::size_t>(y)]) > 0;
  });
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
  const auto precision = rule.catalogue.items() < least_items_per_place * top.count()
                             ? kernels::ItemPrecision::floats
                             : kernels::ItemPrecision::floats_and_codes;
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
      kernels::rank_block(users.middle_rows(first, range.size()), items, marks, marked, top, first, precision);
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

ItemStorage item_storage(Index items, Index width) {
  const Index bytes = items * padded_columns(width) * static_cast<Index>(sizeof(float));
  return bytes <= kept_vector_bytes ? ItemStorage::kept : ItemStorage::streamed;
}

Index users_per_ranking(ItemStorage storage) {
  return storage == ItemStorage::kept ? users_per_round : users_per_long_round;
}

RankableItems::RankableItems(const Catalogue& catalogue, ItemVectors vectors, ItemStorage storage)
    : catalogue_(catalogue), vectors_(std::move(vectors)) {
  if (catalogue.items() > most_items) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{} items; expected at most {}", catalogue.items(), most_items));
  }
  if (storage == ItemStorage::streamed) return;
  for (Index block = 0; block < blocks(); ++block) kept_.push_back(pack(block));
}

Index RankableItems::bytes(Index items, Index width, ItemStorage storage) {
  const Index at_once = storage == ItemStorage::kept ? items : std::min(items, items_per_read);
  // The vectors, the same in panels, and codes of a byte; the item at each position and the position of each item.
  const Index vector_bytes = padded_columns(width) * static_cast<Index>(2 * sizeof(float) + 1);
  return at_once * (vector_bytes + static_cast<Index>(sizeof(std::uint32_t) + sizeof(std::int32_t)));
}

Index RankableItems::blocks() const {
  return (catalogue_.items() + items_per_read - 1) / items_per_read;
}

std::shared_ptr<const RankableItems::Block> RankableItems::block(Index number) const {
  return kept_.empty() ? pack(number) : kept_[static_cast<std::size_t>(number)];
}

std::shared_ptr<const RankableItems::Block> RankableItems::pack(Index number) const {
  const Index first = number * items_per_read;
  Matrix vectors = vectors_({first, std::min(first + items_per_read, catalogue_.items())});
  const std::vector<Index> order = visiting_order(catalogue_, first, vectors.view());
  const auto precision =
      kernels::has_coarse_products() ? kernels::ItemPrecision::floats_and_codes : kernels::ItemPrecision::floats;
  kernels::PackedItems packed(vectors.view(), first, order, precision);
  return std::make_shared<const Block>(std::move(vectors), std::move(packed));
}

TopItems rank_items(const ListRule& rule, const RankableItems& items, ConstMatrixView users,
                    const SparseRows& histories, Index count) {
  TopItems top(users.rows, std::min(count, rule.catalogue.items()));
  for (Index number = 0; number < items.blocks(); ++number) {
    const auto block = items.block(number);  // may be collective
    if (users.rows > 0) offer_items(rule, users, block->packed, histories, top);
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
