#include "jobs/lists/list_filling.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "distributed/rows/select_rows.hpp"

namespace rankwise {

namespace {

/// Rows like these with the columns that fill(row, columns) appends for each; values mean nothing.
template <class Fill>
SparseRows with_columns(const SparseRows& like, Fill&& fill) {
  SparseRows rows{
      .rows = like.rows, .total_rows = like.total_rows, .column_count = like.column_count, .columns = {}, .values = {}};
  for (Index r = 0; r < like.rows.size(); ++r) {
    fill(r, rows.columns);
    rows.offsets.push_back(static_cast<Index>(rows.columns.size()));
  }
  rows.values.resize(rows.columns.size());
  return rows;
}

/// Candidates of a list under a quota that are asked for at first, and how many times as many next.
constexpr Index candidates_per_place = 4;
/// What candidates may take at a time: some 24 bytes each.
constexpr Index candidates_at_a_time = Index{16} << 20;

}  // namespace

ListRule list_rule(const Catalogue& catalogue, SeenItems seen, const ItemRules& rules) {
  const bool leaves_out_pairs_alone = seen == SeenItems::allow && !rules.pairs.empty();
  return {catalogue, leaves_out_pairs_alone ? SeenItems::exclude : seen};
}

SparseRows bought_items(const ListInputs& inputs, RowRange users, const SparseRows& histories,
                        const std::function<SparseRows(SparseRows)>& in_model_items) {
  if (inputs.training == nullptr) return histories;
  const Index trained_users = inputs.training->users();
  const SparseRows training = in_model_items(inputs.training->read(
      DatasetPart::interactions, {std::min(users.begin, trained_users), std::min(users.end, trained_users)}));
  return with_columns(histories, [&](Index r, std::vector<Index>& columns) {
    const std::span<const Index> trained =
        r < training.rows.size() ? row_columns(training, r) : std::span<const Index>();
    std::ranges::set_union(row_columns(histories, r), trained, std::back_inserter(columns));
  });
}

SparseRows ruled_items(const ListInputs& inputs, const Ids& users, SparseRows bought) {
  if (inputs.pairs.empty()) return bought;
  return with_columns(bought, [&](Index r, std::vector<Index>& columns) {
    const std::span<const Index> pairs = inputs.pairs.of(id_text(users, r));
    const std::span<const Index> has = row_columns(bought, r);
    switch (inputs.seen) {
      case SeenItems::exclude:
        std::ranges::set_union(has, pairs, std::back_inserter(columns));
        break;
      case SeenItems::allow:
        columns.insert(columns.end(), pairs.begin(), pairs.end());
        break;
      case SeenItems::only:
        std::ranges::set_difference(has, pairs, std::back_inserter(columns));
        break;
    }
  });
}

std::vector<List> fill_lists(const Communicator& comm, const ListInputs& inputs, Index users, const FindItems& find,
                             const IsEnough& is_enough) {
  std::vector<List> lists(static_cast<std::size_t>(users));
  QuotaCount count(inputs.quota);
  const Index items = inputs.rule.catalogue.items();
  std::vector<Index> pending(lists.size());
  std::iota(pending.begin(), pending.end(), Index{0});
  Index candidates = std::min(inputs.quota == nullptr ? inputs.top : candidates_per_place * inputs.top, items);
  while (true) {
    std::vector<Index> unfilled;
    const Index at_a_time = inputs.quota == nullptr
                                ? std::max<Index>(users, 1)
                                : std::max<Index>(candidates_at_a_time / std::max<Index>(candidates, 1), 1);
    const Index turns = comm.max((std::ssize(pending) + at_a_time - 1) / at_a_time);
    for (Index turn = 0; turn < turns; ++turn) {
      const Index begin = std::min(turn * at_a_time, std::ssize(pending));
      const Index end = std::min(begin + at_a_time, std::ssize(pending));
      const auto some = std::span<const Index>(pending).subspan(static_cast<std::size_t>(begin),
                                                                static_cast<std::size_t>(end - begin));
      const std::vector<std::vector<ScoredItem>> found = find(some, candidates);
      for (std::size_t place = 0; place < some.size(); ++place) {
        List& list = lists[static_cast<std::size_t>(some[place])];
        list.items = count.fill(found[place], inputs.top);
        const Index size = std::ssize(list.items);
        list.end = size == inputs.top                ? ListEnd::full
                   : size < std::ssize(found[place]) ? ListEnd::quota
                                                     : ListEnd::none_left;
        const bool has_more = size < inputs.top && std::ssize(found[place]) == candidates && candidates < items;
        if (has_more && !is_enough(some[place], found[place].back())) unfilled.push_back(some[place]);
      }
    }
    if (comm.max(std::ssize(unfilled)) == 0) return lists;
    pending = std::move(unfilled);
    candidates = std::min(candidates_per_place * candidates, items);
  }
}

void cut_by_score(const ListInputs& inputs, float offset, List& list) {
  if (!inputs.min_score) return;
  const auto first =
      std::ranges::find_if(list.items, [&](const ScoredItem& item) { return item.score + offset < *inputs.min_score; });
  if (first == list.items.end()) return;
  list.items.erase(first, list.items.end());
  list.end = ListEnd::min_score;
}

PopularLists::PopularLists(const ListInputs& inputs)
    : inputs_(inputs), items_(inputs.rule, inputs.boosts), count_(inputs.quota) {}

const PopularItems* PopularLists::in_segment(std::int32_t segment) {
  const Catalogue* const catalogue = inputs_.popular_in ? inputs_.popular_in(segment) : nullptr;
  if (catalogue == nullptr) return nullptr;
  const auto known = in_segments_.find(segment);
  if (known != in_segments_.end()) return &known->second;
  const ListRule rule{*catalogue, inputs_.rule.seen};
  return &in_segments_.emplace(segment, PopularItems(rule, inputs_.boosts)).first->second;
}

List PopularLists::list(std::int32_t segment, std::span<const Index> items) {
  if (const PopularItems* const popular = in_segment(segment)) {
    List list = fill(*popular, items);
    list.source = ListSource::popular_segment;
    if (!list.items.empty()) return list;
  }
  List list = fill(items_, items);
  list.source = ListSource::popular;
  return list;
}

List PopularLists::fill(const PopularItems& popular, std::span<const Index> items) {
  count_.begin();
  List list;
  bool is_refused = false;
  list.items = popular.list(items, inputs_.top, [&](Index item) {
    const bool takes = count_.take(item);
    is_refused = is_refused || !takes;
    return takes;
  });
  if (std::ssize(list.items) < inputs_.top) list.end = is_refused ? ListEnd::quota : ListEnd::none_left;
  return list;
}

}  // namespace rankwise
