#include "distributed/evaluation/factor_evaluation.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <optional>

#include "distributed/als/training_side.hpp"
#include "distributed/evaluation/area_counts.hpp"
#include "distributed/evaluation/gathered_rows.hpp"
#include "distributed/evaluation/item_order.hpp"
#include "distributed/rows/select_rows.hpp"

namespace rankwise {

namespace {

/// Some of the ranked users: those that the factors know, by their vectors, and the others.
struct UserBatch {
  Index begin = 0;  ///< places among the ranked users
  Index end = 0;
  std::vector<Index> known;        ///< local rows
  std::vector<Index> known_place;  ///< of each user, its place in `known`; -1: nothing is known of it
  Matrix vectors;                  ///< of `known`
};

UserBatch batch_of(const EvaluatedFactors& factors, const ListQuestions& questions, const HeldoutRows& rows,
                   std::span<const Index> users, RowRange places) {
  UserBatch batch{places.begin, places.end, {}, {}, {}};
  for (Index user = batch.begin; user < batch.end; ++user) {
    const Index row = users[at(user)];
    const bool is_known = factors.knows(questions.rule.catalogue, row_columns(rows.seen, row), row);
    batch.known_place.push_back(is_known ? std::ssize(batch.known) : -1);
    if (is_known) batch.known.push_back(users[at(user)]);
  }
  batch.vectors = select_rows(factors.users, batch.known);
  make_scoring_vectors(factors.objective, batch.vectors);
  return batch;
}

Error bad_score(const HeldoutRows& rows, const Communicator& comm, Index row, const ScoredItem& item) {
  return {ExitCode::bad_data, fmt::format("user row {}: {}", rows.partition.range(comm.rank()).begin + row,
                                          overflow_text(item.item, item.score))};
}

/// Lists of a batch and what they are worth. Collective over comm.
void add_lists(const Communicator& comm, const RankableItems& items, const ListQuestions& questions,
               const HeldoutRows& rows, const ItemOrder& popularity, const UserBatch& batch,
               ListEvaluation& evaluation) {
  const Index longest = questions.longest();
  const TopItems top =
      rank_items(questions.rule, items, batch.vectors.view(), select_rows(rows.seen, batch.known), longest);
  const ListMaker make_list = [&]() -> ListOfUser {
    return [&, popular = OrderedLists(questions.rule, popularity),
            best = std::vector<ScoredItem>()](Index user) mutable -> std::span<const ScoredItem> {
      const Index known = batch.known_place[at(user - batch.begin)];
      const Index row = evaluation.users()[at(user)];
      if (known < 0) return popular.list(row_columns(rows.seen, row), longest);
      best = top.sorted(known);
      return best;
    };
  };
  std::optional<Error> failure;
  if (const std::optional<BadScore> bad = evaluation.add(batch.begin, batch.end, make_list))
    failure = bad_score(rows, comm, evaluation.users()[at(bad->user)], bad->item);
  agree(comm, failure);
}

/// Areas of a batch. Collective over comm.
void add_areas(const Communicator& comm, const EvaluatedFactors& factors, const ListQuestions& questions,
               const HeldoutRows& rows, const ItemOrder& popularity, const UserBatch& batch, std::size_t metric,
               ListEvaluation& evaluation) {
  std::vector<CountedUser> counted;
  Targets targets;
  for (const Index row : batch.known) {
    find_targets(questions.rule.seen, rows, row, targets);
    counted.push_back({row_columns(rows.seen, row), targets.items});
  }
  AreaCounts<float> areas(questions.rule, std::move(counted));
  for_each_scores(comm, factors.items, batch.vectors.view(),
                  [&](Index user, Index first, std::span<const float> scores) { areas.take(user, first, scores); });
  areas.begin_count();
  for_each_scores(comm, factors.items, batch.vectors.view(),
                  [&](Index user, Index first, std::span<const float> scores) { areas.count(user, first, scores); });
  std::optional<Error> failure;
  for (Index known = std::ssize(batch.known) - 1; known >= 0; --known) {
    if (areas.bad(known)) failure = bad_score(rows, comm, batch.known[at(known)], *areas.bad(known));
  }
  agree(comm, failure);
  evaluation.fill(metric, batch.begin, batch.end, [&](Index user, const Targets& of_user) {
    const Index known = batch.known_place[at(user - batch.begin)];
    if (known >= 0) return areas.area(known);
    return order_area(questions.rule, popularity, row_columns(rows.seen, evaluation.users()[at(user)]), of_user.items);
  });
}

}  // namespace

Index ranking_bytes(Index users, Index items, Index width, Index cutoff, ItemStorage storage) {
  const Index at_once = std::min(users, users_per_ranking(storage));
  return RankableItems::bytes(items, width, storage) +
         at_once * padded_columns(width) * static_cast<Index>(sizeof(float)) + TopItems::bytes(at_once, cutoff);
}

ItemStorage smaller_storage(Index users, Index items, Index width, Index cutoff) {
  const auto bytes = [&](ItemStorage storage) { return ranking_bytes(users, items, width, cutoff, storage); };
  return bytes(ItemStorage::kept) <= bytes(ItemStorage::streamed) ? ItemStorage::kept : ItemStorage::streamed;
}

ListTable factor_lists(const Communicator& comm, const EvaluatedFactors& factors, const ListQuestions& questions,
                       const HeldoutRows& rows, ItemStorage storage) {
  ListEvaluation evaluation(questions, rows);
  const ItemOrder popularity = order_by_popularity(questions.rule.catalogue);
  std::optional<RankableItems> items;
  if (questions.longest() > 0) {
    items.emplace(
        questions.rule.catalogue, [&](RowRange range) { return gather_rows(comm, factors.items, range); }, storage);
  }
  const Index users = std::ssize(evaluation.users());
  const Index round = users_per_ranking(storage);
  const Index rounds = comm.max((users + round - 1) / round);
  for (Index number = 0; number < rounds; ++number) {
    const RowRange places{std::min(number * round, users), std::min((number + 1) * round, users)};
    const UserBatch batch = batch_of(factors, questions, rows, evaluation.users(), places);
    if (items) add_lists(comm, *items, questions, rows, popularity, batch, evaluation);
    for (std::size_t m = 0; m < questions.metrics.size(); ++m) {
      if (questions.metrics[m].source() == MetricSource::all_scores)
        add_areas(comm, factors, questions, rows, popularity, batch, m, evaluation);
    }
  }
  return std::move(evaluation.table());
}

RatingPredictions predict_ratings(const Communicator& comm, const EvaluatedFactors& evaluated,
                                  const Catalogue& catalogue, const HeldoutRows& rows) {
  // Only the items of this rank's held-out ratings are fetched.
  const Objective& objective = evaluated.objective;
  const SparseRows& heldout = rows.heldout;
  const TrainingSide side = make_training_side(comm, objective, rows.partition, evaluated.items.partition,
                                               {heldout.offsets, heldout.columns, heldout.values});
  const SideBatch& batch = side.batches.front();
  Matrix gathered(batch.gathered_rows(), evaluated.items.local.columns());
  batch.plan.start(comm, evaluated.items.local.view(), gathered.view()).wait();

  // Without biases values have their mean, which is all that is known where the user or the item is not.
  const double fallback = objective.biases ? 0 : catalogue.mean_rating.value_or(0);
  const double mean = objective.biases ? objective.global_mean : 0;
  const Index factors = evaluated.users.columns - (objective.biases ? 1 : 0);
  RatingPredictions found;
  found.errors.reserve(heldout.values.size());
  found.predictions.reserve(heldout.values.size());
  for (Index r = 0; r < heldout.rows.size(); ++r) {
    const CsrRow entries = batch.block.row(r);
    const std::span<const Index> item_rows = row_columns(heldout, r);
    const std::span<const Index> history = row_columns(rows.seen, r);
    const bool knows_user = evaluated.knows(catalogue, history, r);
    const float* user = evaluated.users.row(r);
    for (Index e = 0; e < entries.size(); ++e) {
      const auto entry = static_cast<std::size_t>(e);
      const bool knows_item = catalogue.is_candidate(item_rows[entry]);
      const float* item = gathered.row(entries.columns[entry]);
      double prediction = fallback;
      if (objective.biases && (knows_user || !history.empty())) prediction += static_cast<double>(user[factors]);
      if (objective.biases && knows_item) prediction += static_cast<double>(item[factors]);
      if (knows_user && knows_item) {
        if (!objective.biases) prediction = 0;
        for (Index f = 0; f < factors; ++f) prediction += static_cast<double>(user[f]) * static_cast<double>(item[f]);
      }
      found.errors.push_back(static_cast<double>(entries.values[entry]) - prediction);  // with biases both without mean
      found.predictions.push_back(prediction + mean);
    }
  }
  return found;
}

MetricEstimate evaluate_factors(const Communicator& comm, const EvaluatedFactors& factors, const ListRule& rule,
                                const EvaluationMetric& metric, const HeldoutRows& rows, ItemStorage storage) {
  if (!metric.ranks()) {
    const RatingPredictions found = predict_ratings(comm, factors, rule.catalogue, rows);
    const MetricColumn column{metric, found.errors, rows.heldout.offsets};
    return metric_estimates(comm, {&column, 1}).front();
  }
  const ListQuestions questions{rule, {metric}};
  const ListTable table = factor_lists(comm, factors, questions, rows, storage);
  const MetricColumn column{metric, table.values.front()};
  return metric_estimates(comm, {&column, 1}).front();
}

}  // namespace rankwise
