#include "jobs/recommend/lists.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "distributed/itemcf/item_terms.hpp"
#include "distributed/ranking/boosted_vectors.hpp"
#include "distributed/ranking/score_offsets.hpp"
#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

std::vector<Index> at_places(std::span<const Index> values, std::span<const Index> places) {
  std::vector<Index> chosen;
  for (const Index place : places) chosen.push_back(values[static_cast<std::size_t>(place)]);
  return chosen;
}

/// A user's list that a model has made.
struct ModelList {
  Index row;          // of the user
  std::size_t begin;  // entries of Lists
  std::size_t end;
};

std::vector<ModelList> model_lists(const Lists& lists, std::span<const Index> rows) {
  std::vector<ModelList> found;
  for (std::size_t user = 0; user < rows.size(); ++user) {
    if (lists.sources[user] != ListSource::model && lists.sources[user] != ListSource::features) continue;
    found.push_back(
        {rows[user], static_cast<std::size_t>(lists.offsets[user]), static_cast<std::size_t>(lists.offsets[user + 1])});
  }
  return found;
}

/// A list's scores as the model has them, with users' offsets.
std::vector<float> unboosted(const ListInputs& inputs, const Lists& lists, const ModelList& list) {
  std::vector<float> scores;
  for (std::size_t entry = list.begin; entry < list.end; ++entry) {
    const float boost = inputs.boosts.empty() ? 0.0F : inputs.boosts[static_cast<std::size_t>(lists.items[entry])];
    scores.push_back(lists.scores[entry] - boost);
  }
  return scores;
}

/// Says why each entry of a model of factors is there; `rows`: those of the lists' users in `speaking`. Collective.
void explain(const Communicator& comm, const ListInputs& inputs, const FactorReasons& model, const Speaking& speaking,
             std::span<const Index> rows, Lists& lists) {
  agree_on(comm, [&] {
    lists.reasons.resize(lists.items.size());
    const std::vector<ModelList> explained = model_lists(lists, rows);
    std::vector<std::optional<Error>> failures(explained.size());
    std::vector<double> gaps(explained.size());
#pragma omp parallel for schedule(dynamic, 8) num_threads(team_size(static_cast <double>(lists.items.size()) * 1e4))
    for (std::size_t l = 0; l < explained.size(); ++l) {
      const ModelList& list = explained[l];
      try {
        const std::span<const Index> items =
            std::span<const Index>(lists.items).subspan(list.begin, list.end - list.begin);
        ListReasons found = model.of(speaking, list.row, items, unboosted(inputs, lists, list));
        std::ranges::move(found.entries, lists.reasons.begin() + static_cast<std::ptrdiff_t>(list.begin));
        gaps[l] = found.largest_gap;
      } catch (const Error& error) {
        failures[l] = error;
      }
    }
    for (std::size_t l = 0; l < explained.size(); ++l) {
      if (failures[l]) {
        throw Error(failures[l]->code(),
                    fmt::format("{}: user row {}: {}", inputs.model_path,
                                speaking.entries.rows.begin + explained[l].row, failures[l]->what()));
      }
      lists.largest_gap = std::max(lists.largest_gap, gaps[l]);
    }
  });
}

/// Likewise of an item model. Collective if reading weights is.
void explain(const ListInputs& inputs, const ItemScorer& scorer, const SparseRows& histories,
             std::span<const Index> rows, Lists& lists) {
  lists.reasons.resize(lists.items.size());
  const std::vector<ModelList> explained = model_lists(lists, rows);
  std::vector<Index> users;
  std::vector<std::vector<Index>> listed;
  for (const ModelList& list : explained) {
    users.push_back(list.row);
    listed.emplace_back(lists.items.begin() + static_cast<std::ptrdiff_t>(list.begin),
                        lists.items.begin() + static_cast<std::ptrdiff_t>(list.end));
  }
  const std::vector<ListTerms> terms = item_terms(scorer, histories, users, listed);
  for (std::size_t l = 0; l < explained.size(); ++l) {
    const std::vector<float> scores = unboosted(inputs, lists, explained[l]);
    for (std::size_t place = 0; place < terms[l].size(); ++place) {
      double sum = 0;
      for (const ScoreTerm& term : terms[l][place]) sum += term.value;
      lists.largest_gap = std::max(lists.largest_gap, std::abs(sum - static_cast<double>(scores[place])));
      lists.reasons[explained[l].begin + place] = reasons(terms[l][place], inputs.reasons);
    }
  }
}

}  // namespace

void Served::add(const Lists& lists) {
  largest_gap = std::max(largest_gap, lists.largest_gap);
  users += static_cast<Index>(lists.sources.size());
  recommendations += lists.offsets.back();
  described_users += std::ranges::count(lists.sources, ListSource::features);
  log_users += std::ranges::count(lists.sources, ListSource::log);
  const Index in_segments = std::ranges::count(lists.sources, ListSource::popular_segment);
  popular_users += std::ranges::count(lists.sources, ListSource::popular) + in_segments;
  popular_segment_users += in_segments;
  for (std::size_t u = 0; u < lists.sources.size(); ++u) {
    const bool is_empty = lists.offsets[u + 1] == lists.offsets[u];
    const ListEnd end = lists.ends[u];
    if (end == ListEnd::full) continue;
    (is_empty ? empty_lists : short_lists) += 1;
    short_by_quota += !is_empty && end == ListEnd::quota ? 1 : 0;
    short_by_min_score += !is_empty && end == ListEnd::min_score ? 1 : 0;
    empty_by_min_score += is_empty && end == ListEnd::min_score ? 1 : 0;
  }
}

Served Served::sum(const Communicator& comm) const {
  return {comm.sum(users),
          comm.sum(recommendations),
          comm.sum(log_users),
          comm.sum(popular_users),
          comm.sum(popular_segment_users),
          comm.sum(described_users),
          comm.sum(short_lists),
          comm.sum(empty_lists),
          comm.sum(short_by_quota),
          comm.sum(short_by_min_score),
          comm.sum(empty_by_min_score),
          comm.max(largest_gap)};
}

Lists found_lists(const Communicator& comm, const ListInputs& inputs, const Ids& ids, const SparseRows& ruled,
                  SelectedUsers selected, const FindItems& find) {
  std::vector<List> found =
      fill_lists(comm, inputs, std::ssize(selected.rows), find,
                 [&](Index, const ScoredItem& last) { return inputs.min_score && last.score < *inputs.min_score; });
  Lists lists;
  lists.owners = select_rows(ids, selected.rows);
  PopularLists popular(inputs);
  for (std::size_t place = 0; place < selected.rows.size(); ++place) {
    if (found[place].items.empty()) {
      lists.append(popular.list(selected.segment(place), row_columns(ruled, selected.rows[place])), 0);
    } else {
      cut_by_score(inputs, 0, found[place]);
      lists.append(found[place], 0);
    }
  }
  for (const Index row : selected.rows) lists.rows.push_back(selected.first + row);
  lists.segments = std::move(selected.segments);
  return lists;
}

void mark_log(const UserHistories& users, Lists& lists) {
  for (std::size_t place = 0; place < lists.sources.size(); ++place) {
    ListSource& source = lists.sources[place];
    if (source == ListSource::model && users.has_log(lists.rows[place])) source = ListSource::log;
  }
}

Lists lists_for(const Communicator& comm, const ListInputs& inputs, const FactorLists& factors, Index first,
                const Partition& rows, Audience& audience) {
  const ModelReader& model = factors.model;
  const UserRows users = factors.users.read(first, rows);
  const RowRange mine = rows.range(comm.rank());
  const SparseRows ruled =
      ruled_items(inputs, users.ids,
                  bought_items(inputs, {first + mine.begin, first + mine.end}, users.histories,
                               [&](SparseRows training) { return factors.users.in_model_items(std::move(training)); }));
  SelectedUsers selected = audience.select(first, rows, users.ids);
  std::vector<Index> known;
  std::ranges::copy_if(selected.rows, std::back_inserter(known),
                       [&](Index row) { return users.basis[static_cast<std::size_t>(row)] != UserBasis::nothing; });
  Matrix vectors = select_rows(users.factors.view(), known);
  const std::vector<float> score_offset = score_offsets(model.objective(), vectors.view());
  make_scoring_vectors(model.objective(), vectors);
  if (!inputs.boosts.empty()) vectors = boosted_users(vectors.view());
  const SparseRows known_ruled = select_rows(ruled, known);
  const auto find = [&](std::span<const Index> places, Index count) {
    const bool are_all = std::ssize(places) == vectors.rows();
    const TopItems top = are_all ? rank_items(inputs.rule, factors.items, vectors.view(), known_ruled, count)
                                 : rank_items(inputs.rule, factors.items, select_rows(vectors.view(), places).view(),
                                              select_rows(known_ruled, places), count);
    std::vector<std::vector<ScoredItem>> found;
    for (Index place = 0; place < std::ssize(places); ++place) found.push_back(top.sorted(place));
    return found;
  };
  std::vector<List> found = fill_lists(comm, inputs, vectors.rows(), find, [&](Index place, const ScoredItem& last) {
    return inputs.min_score && last.score + score_offset[static_cast<std::size_t>(place)] < *inputs.min_score;
  });
  Lists lists;
  lists.owners = select_rows(users.ids, selected.rows);
  PopularLists popular(inputs);
  std::size_t next = 0;  // in `known`
  for (std::size_t place = 0; place < selected.rows.size(); ++place) {
    const Index row = selected.rows[place];
    if (next < known.size() && known[next] == row) {
      cut_by_score(inputs, score_offset[next], found[next]);
      const bool has_history = users.basis[static_cast<std::size_t>(row)] == UserBasis::entries;
      found[next].source = has_history ? ListSource::model : ListSource::features;
      lists.append(found[next], score_offset[next]);
      ++next;
    } else {
      lists.append(popular.list(selected.segment(place), row_columns(ruled, row)), 0);
    }
  }
  for (const Index row : selected.rows) lists.rows.push_back(selected.first + row);
  lists.segments = std::move(selected.segments);
  if (factors.reasons != nullptr) {
    const RowRange served{first + mine.begin, first + mine.end};
    const Speaking speaking{factors.reasons->entries(served, users.histories), factors.users.features(first, rows)};
    explain(comm, inputs, *factors.reasons, speaking, selected.rows, lists);
  }
  mark_log(factors.users.histories(), lists);
  require_finite(comm, inputs.model_path, "user", lists);
  return lists;
}

Lists lists_for(const Communicator& comm, const ListInputs& inputs, const ItemLists& model, Index first,
                const Partition& rows, Audience& audience) {
  const RowRange range = rows.range(comm.rank());
  const RowRange mine{first + range.begin, first + range.end};
  const Ids ids = model.users.ids(mine);
  const SparseRows histories = model.users.read(mine);
  require_weighable(comm, histories, model.scorer.weighting);
  const SparseRows ruled =
      ruled_items(inputs, ids, bought_items(inputs, mine, histories, [](SparseRows training) { return training; }));
  const SelectedUsers selected = audience.select(first, rows, ids);
  const auto find = [&](std::span<const Index> places, Index count) {
    return item_lists(model.scorer, inputs.rule, histories, ruled, at_places(selected.rows, places), count,
                      inputs.boosts);
  };
  Lists lists = found_lists(comm, inputs, ids, ruled, selected, find);
  if (inputs.reasons > 0) explain(inputs, model.scorer, histories, selected.rows, lists);
  mark_log(model.users, lists);
  require_finite(comm, inputs.model_path, "user", lists);
  return lists;
}

Lists lists_for_unknown(const ListInputs& inputs, const Ids& ids, const std::vector<std::int32_t>& segments) {
  Lists lists;
  PopularLists popular(inputs);
  std::unordered_map<std::int32_t, List> usual;  // of users without excluded pairs, by segment
  for (Index u = 0; u < id_count(ids); ++u) {
    const std::int32_t segment = segments.empty() ? no_segment : segments[static_cast<std::size_t>(u)];
    const std::span<const Index> pairs = inputs.pairs.of(id_text(ids, u));
    // Nobody knows what such a user bought: nothing is left out but pairs, and nothing is to be bought again.
    if (!pairs.empty() && inputs.seen != SeenItems::only) {
      lists.append(popular.list(segment, pairs), 0);
    } else {
      auto known = usual.find(segment);
      if (known == usual.end()) known = usual.emplace(segment, popular.list(segment, {})).first;
      lists.append(known->second, 0);
    }
  }
  lists.owners = ids;
  lists.rows.assign(lists.sources.size(), -1);
  lists.segments = segments;
  if (inputs.reasons > 0) lists.reasons.resize(lists.items.size());
  return lists;
}

}  // namespace rankwise
