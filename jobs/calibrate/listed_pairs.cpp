#include "jobs/calibrate/listed_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <vector>

#include "distributed/evaluation/gathered_rows.hpp"
#include "distributed/itemcf/item_lists.hpp"
#include "distributed/ranking/ranking.hpp"
#include "distributed/ranking/score_offsets.hpp"
#include "distributed/rows/select_rows.hpp"

namespace rankwise {

namespace {

/// Receives the list of a local row.
using ListVisitor = std::function<void(Index row, std::span<const ScoredItem> list)>;

/// Some of the known rows at a time, the same number of rounds on every rank. Collective if `visit` is.
void for_each_round(const Communicator& comm, const std::vector<Index>& rows, Index at_once,
                    const std::function<void(std::span<const Index>)>& visit) {
  const Index count = std::ssize(rows);
  const Index rounds = comm.max((count + at_once - 1) / at_once);
  for (Index round = 0; round < rounds; ++round) {
    const Index begin = std::min(round * at_once, count);
    const Index end = std::min(begin + at_once, count);
    visit(std::span(rows).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
  }
}

void list_by_factors(const Communicator& comm, const MatchedModel& model, const ListRule& rule, const HeldoutRows& rows,
                     const std::vector<Index>& known, Index top, const ListVisitor& visit) {
  const ItemStorage storage = item_storage(rule.catalogue.items(), model.users.columns());
  const RankableItems items(
      rule.catalogue, [&](RowRange range) { return gather_rows(comm, model.items, range); }, storage);
  for_each_round(comm, known, users_per_ranking(storage), [&](std::span<const Index> some) {
    Matrix vectors = select_rows(model.users.view(), some);
    const std::vector<float> offsets = score_offsets(model.objective, vectors.view());
    make_scoring_vectors(model.objective, vectors);
    const TopItems best = rank_items(rule, items, vectors.view(), select_rows(rows.seen, some), top);
    for (std::size_t place = 0; place < some.size(); ++place) {
      std::vector<ScoredItem> list = best.sorted(static_cast<Index>(place));
      for (ScoredItem& each : list) each.score += offsets[place];
      visit(some[place], list);
    }
  });
}

void list_by_items(const Communicator& comm, const MatchedItemModel& model, const ListRule& rule,
                   const HeldoutRows& rows, const std::vector<Index>& known, Index top, const ListVisitor& visit) {
  const ItemScorer scorer{model.weights, model.weighting};
  for_each_round(comm, known, users_at_a_time(top, model.weights.blocks()), [&](std::span<const Index> some) {
    const auto lists = item_lists(scorer, rule, rows.seen, rows.seen, some, top);
    for (std::size_t place = 0; place < some.size(); ++place) visit(some[place], lists[place]);
  });
}

/// Whether the part has a pair of the row, in time.
bool is_bought(const FollowingPart& part, Index row, Index item) {
  const std::span<const Index> items = row_columns(part.rows.heldout, row);
  const auto place = std::ranges::lower_bound(items, item);
  if (place == items.end() || *place != item) return false;
  if (part.times.empty()) return true;
  const Index entry = part.rows.heldout.offsets[static_cast<std::size_t>(row)] + (place - items.begin());
  return part.times[static_cast<std::size_t>(entry)] < part.until_seconds;
}

}  // namespace

ListedPairs count_listed_pairs(const Communicator& comm, const AnyMatchedModel& model, const std::string& model_path,
                               const FollowingPart& part, const ProbabilityMap& bands, Index top) {
  const Catalogue& catalogue = model.catalogue;
  const HeldoutRows& rows = part.rows;
  std::vector<Index> known;
  for (Index row = 0; row < rows.seen.rows.size(); ++row) {
    if (catalogue.knows(row_columns(rows.seen, row))) known.push_back(row);
  }
  ListedPairs found{ScoreOutcomes(bands.bands.size()), 0};
  std::optional<Error> failure;
  const auto count = [&](Index row, std::span<const ScoredItem> list) {
    if (!list.empty()) ++found.users;
    for (const ScoredItem& each : list) {
      if (!std::isfinite(each.score)) {
        failure = Error(ExitCode::bad_data, fmt::format("{}: {}", model_path, overflow_text(each.item, each.score)));
        return;
      }
      const std::size_t band = bands.band_of(catalogue.entries[static_cast<std::size_t>(each.item)]);
      found.outcomes.add(band, each.score, is_bought(part, row, each.item));
    }
  };
  const ListRule rule{catalogue, SeenItems::exclude};
  if (model.factors) {
    list_by_factors(comm, *model.factors, rule, rows, known, top, count);
  } else {
    list_by_items(comm, *model.items, rule, rows, known, top, count);
  }
  agree(comm, failure);
  found.outcomes.sum(comm);
  found.users = comm.sum(found.users);
  return found;
}

}  // namespace rankwise
