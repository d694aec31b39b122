#include "jobs/similar/similar_lists.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "distributed/rows/select_rows.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

namespace {

/// The known ones among the chosen rows at some positions.
struct KnownRows {
  std::vector<Index> places;  ///< counted from the first position
  std::vector<Index> rows;
};

KnownRows known_among(const Catalogue& known, const ChosenRows& chosen, RowRange positions) {
  KnownRows found;
  for (Index place = 0; place < positions.size(); ++place) {
    const Index row = chosen.row(positions.begin + place);
    if (!known.is_candidate(row)) continue;
    found.places.push_back(place);
    found.rows.push_back(row);
  }
  return found;
}

/// A history of each row that is the row itself, which no list of its own has.
SparseRows themselves(std::span<const Index> rows, Index total) {
  SparseRows histories{.rows = {0, std::ssize(rows)},
                       .total_rows = std::ssize(rows),
                       .column_count = total,
                       .columns = {rows.begin(), rows.end()},
                       .values = std::vector<float>(rows.size())};
  for (Index entry = 1; entry <= std::ssize(rows); ++entry) histories.offsets.push_back(entry);
  return histories;
}

/// The lists that find() fills for known rows, and empty ones for the others, all with their ids. Collective.
Lists filled_lists(const Communicator& comm, const ListInputs& inputs, Ids ids, const KnownRows& known,
                   const FindItems& find) {
  std::vector<List> found = fill_lists(comm, inputs, std::ssize(known.rows), find, [&](Index, const ScoredItem& last) {
    return inputs.min_score && last.score < *inputs.min_score;
  });
  Lists lists;
  lists.owners = std::move(ids);
  std::size_t next = 0;
  for (Index place = 0; place < id_count(lists.owners); ++place) {
    if (next < found.size() && known.places[next] == place) {
      cut_by_score(inputs, 0, found[next]);
      lists.append(found[next++], 0);
    } else {
      lists.append(List{.items = {}, .end = ListEnd::unknown}, 0);
    }
  }
  return lists;
}

/// An item's neighbours that lists may have, best first.
std::vector<ScoredItem> neighbours(const ListRule& rule, const SparseRows& weights, Index row) {
  std::vector<ScoredItem> found;
  for (Index e = weights.offsets[static_cast<std::size_t>(row)]; e < weights.offsets[static_cast<std::size_t>(row) + 1];
       ++e) {
    const Index item = weights.columns[static_cast<std::size_t>(e)];
    const float weight = weights.values[static_cast<std::size_t>(e)];
    if (weight > 0 && rule.catalogue.is_candidate(item)) found.push_back({weight, item});
  }
  std::ranges::sort(found, better);
  return found;
}

}  // namespace

Lists similar_lists(const Communicator& comm, const ListInputs& inputs, const SimilarByFactors& model,
                    const ChosenRows& chosen, RowRange positions) {
  const FactorSide& side = model.side;
  // 1. The rows' ids and vectors.
  Ids ids;
  Matrix all(positions.size(), side.model.factors());
  Index next = 0;
  chosen.for_each_block(comm, positions, [&](RowRange block, std::span<const Index> places) {
    append_ids(ids, select_rows(side.ids(block), places));
    const Matrix vectors = side.vectors(block);
    for (const Index place : places) std::ranges::copy(vectors.view().row_span(place), all.row(next++));
  });
  // 2. Lists of those that are known.
  const KnownRows known = known_among(model.known, chosen, positions);
  const Matrix vectors = select_rows(all.view(), known.places);
  const SparseRows own = themselves(known.rows, side.rows());
  const auto find = [&](std::span<const Index> places, Index count) {
    const TopItems top = rank_items(inputs.rule, model.candidates, select_rows(vectors.view(), places).view(),
                                    select_rows(own, places), count);
    std::vector<std::vector<ScoredItem>> found;
    for (Index place = 0; place < std::ssize(places); ++place) found.push_back(top.sorted(place));
    return found;
  };
  Lists lists = filled_lists(comm, inputs, std::move(ids), known, find);
  require_finite(comm, inputs.model_path, side.side == RowSide::users ? "user" : "item", lists);
  return lists;
}

Lists similar_lists(const Communicator& comm, const ListInputs& inputs, const SimilarByWeights& model,
                    const ChosenRows& chosen, RowRange positions) {
  Ids ids;
  std::vector<std::vector<ScoredItem>> all;
  chosen.for_each_block(comm, positions, [&](RowRange block, std::span<const Index> places) {
    append_ids(ids, select_rows(model.model.item_ids(block).ids, places));
    const SparseRows weights = model.model.item_weights(block);
    for (const Index place : places) all.push_back(neighbours(inputs.rule, weights, place));
  });
  const KnownRows known = known_among(model.known, chosen, positions);
  const auto find = [&](std::span<const Index> places, Index count) {
    std::vector<std::vector<ScoredItem>> found;
    for (const Index place : places) {
      std::vector<ScoredItem> best = all[static_cast<std::size_t>(known.places[static_cast<std::size_t>(place)])];
      best.resize(std::min(best.size(), static_cast<std::size_t>(count)));
      found.push_back(std::move(best));
    }
    return found;
  };
  return filled_lists(comm, inputs, std::move(ids), known, find);
}

}  // namespace rankwise
