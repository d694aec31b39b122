#include "jobs/recommend/lists.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "distributed/ranking/score_offsets.hpp"
#include "distributed/rows/select_rows.hpp"

namespace rankwise {

namespace {

/// The same in the model's items, to which `in_model_items` leads from the dataset's. Collective.
template <class InModelItems>
SparseRows histories_in_model(const ListInputs& inputs, RowRange users, const SparseRows& histories,
                              InModelItems&& in_model_items) {
  if (inputs.training == nullptr) return histories;
  const Index trained_users = inputs.training->users();
  const SparseRows training = in_model_items(inputs.training->read(
      DatasetPart::interactions, {std::min(users.begin, trained_users), std::min(users.end, trained_users)}));
  SparseRows both{.rows = histories.rows,
                  .total_rows = histories.total_rows,
                  .column_count = histories.column_count,
                  .columns = {},
                  .values = {}};
  for (Index r = 0; r < histories.rows.size(); ++r) {
    const std::span<const Index> trained =
        r < training.rows.size() ? row_columns(training, r) : std::span<const Index>();
    std::ranges::set_union(row_columns(histories, r), trained, std::back_inserter(both.columns));
    both.offsets.push_back(static_cast<Index>(both.columns.size()));
  }
  both.values.resize(both.columns.size());  // rankings need none
  return both;
}

/// Collective.
void require_finite(const Communicator& comm, const std::string& model, const Lists& lists) {
  agree_on(comm, [&] {
    const auto bad = std::ranges::find_if(lists.scores, [](float score) { return !std::isfinite(score); });
    if (bad == lists.scores.end()) return;
    const Index entry = bad - lists.scores.begin();
    const Index user = std::ranges::upper_bound(lists.offsets, entry) - lists.offsets.begin() - 1;
    throw Error(ExitCode::bad_data, fmt::format("{}: user {}: {}", model, id_text(lists.users, user),
                                                overflow_text(lists.items[static_cast<std::size_t>(entry)], *bad)));
  });
}

}  // namespace

SparseRows list_histories(const ListInputs& inputs, RowRange users, const SparseRows& histories) {
  return histories_in_model(inputs, users, histories, [](SparseRows training) { return training; });
}

void Lists::append(ListSource source, std::span<const ScoredItem> list, float score_offset) {
  for (const ScoredItem& item : list) {
    items.push_back(item.item);
    scores.push_back(item.score + score_offset);
  }
  offsets.push_back(static_cast<Index>(items.size()));
  sources.push_back(source);
}

void Lists::append(const Lists& more) {
  append_ids(users, more.users);
  const Index before = offsets.back();
  for (std::size_t u = 1; u < more.offsets.size(); ++u) offsets.push_back(before + more.offsets[u]);
  items.insert(items.end(), more.items.begin(), more.items.end());
  scores.insert(scores.end(), more.scores.begin(), more.scores.end());
  sources.insert(sources.end(), more.sources.begin(), more.sources.end());
}

void Served::add(const Lists& lists, Index top) {
  users += static_cast<Index>(lists.sources.size());
  recommendations += lists.offsets.back();
  popular_users += std::ranges::count(lists.sources, ListSource::popular);
  for (std::size_t u = 0; u < lists.sources.size(); ++u) {
    const Index items = lists.offsets[u + 1] - lists.offsets[u];
    if (items == 0) ++empty_lists;
    if (items > 0 && items < top) ++short_lists;
  }
}

Served Served::sum(const Communicator& comm) const {
  return {comm.sum(users), comm.sum(recommendations), comm.sum(popular_users), comm.sum(short_lists),
          comm.sum(empty_lists)};
}

Lists lists_for(const Communicator& comm, const ListInputs& inputs, const FactorLists& factors, Index first,
                const Partition& rows, WantedUsers& wanted) {
  const ModelReader& model = factors.model;
  const UserRows users = factors.users.read(first, rows);
  const RowRange mine = rows.range(comm.rank());
  const SparseRows histories =
      histories_in_model(inputs, {first + mine.begin, first + mine.end}, users.histories,
                         [&](SparseRows training) { return factors.users.in_model_items(std::move(training)); });
  const std::vector<Index> selected = wanted.select(users.ids);
  std::vector<Index> known;
  std::ranges::copy_if(selected, std::back_inserter(known),
                       [&](Index row) { return users.is_known[static_cast<std::size_t>(row)]; });
  Matrix vectors = select_rows(users.factors.view(), known);
  const std::vector<float> score_offset = score_offsets(model.objective(), vectors.view());
  make_scoring_vectors(model.objective(), vectors);
  const TopItems top =
      rank_items(inputs.rule, factors.items, vectors.view(), select_rows(histories, known), inputs.top);
  Lists lists;
  lists.users = select_rows(users.ids, selected);
  std::size_t place = 0;  // in `known`
  for (const Index row : selected) {
    if (place < known.size() && known[place] == row) {
      lists.append(ListSource::model, top.sorted(static_cast<Index>(place)), score_offset[place]);
      ++place;
    } else {
      lists.append(ListSource::popular, popular_items(inputs.rule, row_columns(histories, row), inputs.top), 0);
    }
  }
  require_finite(comm, inputs.model_path, lists);
  return lists;
}

Lists lists_for(const Communicator& comm, const ListInputs& inputs, const ItemLists& model, Index first,
                const Partition& rows, WantedUsers& wanted) {
  const RowRange range = rows.range(comm.rank());
  const RowRange mine{first + range.begin, first + range.end};
  const Ids ids = model.dataset.user_ids(mine).ids;
  const SparseRows histories = model.dataset.read(DatasetPart::interactions, mine);
  require_weighable(comm, histories, model.scorer.weighting);
  const SparseRows left_out = list_histories(inputs, mine, histories);
  const std::vector<Index> selected = wanted.select(ids);
  const std::vector<std::vector<ScoredItem>> found =
      item_lists(model.scorer, inputs.rule, histories, left_out, selected, inputs.top);
  Lists lists;
  lists.users = select_rows(ids, selected);
  for (std::size_t place = 0; place < selected.size(); ++place) {
    if (found[place].empty()) {
      lists.append(ListSource::popular, popular_items(inputs.rule, row_columns(left_out, selected[place]), inputs.top),
                   0);
    } else {
      lists.append(ListSource::model, found[place], 0);
    }
  }
  require_finite(comm, inputs.model_path, lists);
  return lists;
}

Lists lists_for_unknown(const ListInputs& inputs, const Ids& ids) {
  Lists lists;
  const std::vector<ScoredItem> popular = popular_items(inputs.rule, {}, inputs.top);
  for (Index u = 0; u < id_count(ids); ++u) lists.append(ListSource::popular, popular, 0);
  lists.users = ids;
  return lists;
}

}  // namespace rankwise
