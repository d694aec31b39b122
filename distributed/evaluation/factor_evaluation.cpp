#include "distributed/evaluation/factor_evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <iterator>
#include <optional>

#include "distributed/als/training_side.hpp"
#include "distributed/comm/order_free_sum.hpp"
#include "distributed/ranking/ranking.hpp"
#include "distributed/rows/select_rows.hpp"

namespace rankwise {

namespace {

/// Users with something to find, by their local rows.
std::vector<Index> ranked_rows(const ListRule& rule, const HeldoutRows& rows) {
  std::vector<Index> found;
  for (Index r = 0; r < rows.heldout.rows.size(); ++r) {
    if (!listable(rule.seen, row_columns(rows.heldout, r), row_columns(rows.seen, r)).empty()) found.push_back(r);
  }
  return found;
}

/// The rows of a range, on every rank. Collective over comm.
Matrix gather_rows(const Communicator& comm, const FactorMatrix& factors, RowRange rows) {
  const RowRange mine = factors.partition.range(comm.rank());
  const Index begin = std::clamp(rows.begin, mine.begin, mine.end);
  const Index end = std::clamp(rows.end, begin, mine.end);
  const Index stride = factors.local.stride();
  const std::span<const float> part{factors.local.row(begin - mine.begin),
                                    static_cast<std::size_t>((end - begin) * stride)};
  const std::vector<float> all = comm.all_gather_varied(part).values;
  Matrix gathered(rows.size(), factors.local.columns());
  std::memcpy(gathered.row(0), all.data(), all.size() * sizeof(float));
  return gathered;
}

/// Appends the values of some users to those of the users before them. Collective over comm.
void append_ranking_values(const Communicator& comm, const Objective& objective, const ListRule& rule,
                           std::span<const EvaluationMetric> metrics, const HeldoutRows& rows, ConstMatrixView users,
                           const FactorMatrix& items, std::span<const Index> some,
                           std::vector<std::vector<double>>& values) {
  const Index longest = std::ranges::max_element(metrics, {}, &EvaluationMetric::cutoff)->cutoff;
  const auto item_rows = [&](RowRange range) { return gather_rows(comm, items, range); };
  std::vector<Index> known;
  std::ranges::copy_if(some, std::back_inserter(known),
                       [&](Index row) { return rule.catalogue.knows(row_columns(rows.seen, row)); });
  Matrix vectors = select_rows(users, known);
  make_scoring_vectors(objective, vectors);
  const TopItems top = rank_items(rule, item_rows, vectors.view(), select_rows(rows.seen, known), longest);
  const RowRange mine = rows.partition.range(comm.rank());
  std::optional<Error> failure;
  Index place = 0;  // in `known`
  for (const Index row : some) {
    const std::span<const Index> history = row_columns(rows.seen, row);
    const bool is_known = place < static_cast<Index>(known.size()) && known[static_cast<std::size_t>(place)] == row;
    const std::vector<ScoredItem> ranked = is_known ? top.sorted(place++) : popular_items(rule, history, longest);
    const auto bad = std::ranges::find_if(ranked, [](const ScoredItem& item) { return !std::isfinite(item.score); });
    if (bad != ranked.end() && !failure) {
      failure = Error(ExitCode::bad_data,
                      fmt::format("user row {}: {}", mine.begin + row, overflow_text(bad->item, bad->score)));
    }
    const std::vector<Index> targets = listable(rule.seen, row_columns(rows.heldout, row), history);
    for (std::size_t m = 0; m < metrics.size(); ++m) values[m].push_back(ranking_value(metrics[m], ranked, targets));
  }
  agree(comm, failure);
}

}  // namespace

std::vector<Index> listable(SeenItems seen, std::span<const Index> heldout, std::span<const Index> history) {
  std::vector<Index> items;
  switch (seen) {
    case SeenItems::exclude:
      std::ranges::set_difference(heldout, history, std::back_inserter(items));
      break;
    case SeenItems::allow:
      items.assign(heldout.begin(), heldout.end());
      break;
    case SeenItems::only:
      std::ranges::set_intersection(heldout, history, std::back_inserter(items));
      break;
  }
  return items;
}

RankingCounts count_rankings(const Communicator& comm, const ListRule& rule, const HeldoutRows& rows) {
  RankingCounts counts;
  for (Index r = 0; r < rows.heldout.rows.size(); ++r) {
    const std::span<const Index> heldout = row_columns(rows.heldout, r);
    const std::span<const Index> history = row_columns(rows.seen, r);
    const std::vector<Index> targets = listable(rule.seen, heldout, history);
    counts.left_out += static_cast<Index>(heldout.size() - targets.size());
    counts.targets += static_cast<Index>(targets.size());
    counts.cold_targets +=
        std::ranges::count_if(targets, [&](Index item) { return !rule.catalogue.is_candidate(item); });
    if (targets.empty()) continue;
    ++counts.users;
    if (!rule.catalogue.knows(history)) ++counts.popular_users;
  }
  return {comm.sum(counts.users), comm.sum(counts.popular_users), comm.sum(counts.targets),
          comm.sum(counts.cold_targets), comm.sum(counts.left_out)};
}

RatingCounts count_ratings(const Communicator& comm, const Catalogue& catalogue, const HeldoutRows& rows) {
  RatingCounts counts{.ratings = rows.heldout.entries()};
  for (Index r = 0; r < rows.heldout.rows.size(); ++r) {
    const std::span<const Index> items = row_columns(rows.heldout, r);
    const auto ratings = static_cast<Index>(items.size());
    const Index cold = std::ranges::count_if(items, [&](Index item) { return !catalogue.is_candidate(item); });
    const bool knows_user = catalogue.knows(row_columns(rows.seen, r));
    counts.cold_items += cold;
    counts.cold_users += knows_user ? 0 : ratings;
    counts.cold += knows_user ? cold : ratings;
  }
  return {comm.sum(counts.ratings), comm.sum(counts.cold_users), comm.sum(counts.cold_items), comm.sum(counts.cold)};
}

Index ranking_bytes(Index users, Index width, Index cutoff) {
  const Index at_once = std::min(users, users_per_ranking);
  return at_once * padded_columns(width) * static_cast<Index>(sizeof(float)) + TopItems::bytes(at_once, cutoff);
}

std::vector<std::vector<double>> ranking_values(const Communicator& comm, const Objective& objective,
                                                const ListRule& rule, std::span<const EvaluationMetric> metrics,
                                                const HeldoutRows& rows, ConstMatrixView users,
                                                const FactorMatrix& items) {
  const std::vector<Index> evaluated = ranked_rows(rule, rows);
  const auto count = static_cast<Index>(evaluated.size());
  const Index rounds = comm.max((count + users_per_ranking - 1) / users_per_ranking);
  std::vector<std::vector<double>> values(metrics.size());
  for (Index round = 0; round < rounds; ++round) {
    const Index begin = std::min(round * users_per_ranking, count);
    const Index size = std::min(users_per_ranking, count - begin);
    append_ranking_values(comm, objective, rule, metrics, rows, users, items,
                          std::span(evaluated).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size)),
                          values);
  }
  return values;
}

std::vector<double> rating_errors(const Communicator& comm, const Objective& objective, const Catalogue& catalogue,
                                  const HeldoutRows& rows, ConstMatrixView users, const FactorMatrix& items) {
  // Only the items of this rank's held-out ratings are fetched.
  const SparseRows& heldout = rows.heldout;
  const TrainingSide side = make_training_side(comm, objective, rows.partition, items.partition,
                                               {heldout.offsets, heldout.columns, heldout.values});
  const SideBatch& batch = side.batches.front();
  Matrix gathered(batch.gathered_rows(), items.local.columns());
  batch.plan.start(comm, items.local.view(), gathered.view()).wait();

  // Without biases values have their mean, which is all that is known where the user or the item is not.
  const double fallback = objective.biases ? 0 : catalogue.mean_rating.value_or(0);
  const Index factors = users.columns - (objective.biases ? 1 : 0);
  std::vector<double> errors;
  errors.reserve(heldout.values.size());
  for (Index r = 0; r < heldout.rows.size(); ++r) {
    const CsrRow entries = batch.block.row(r);
    const std::span<const Index> item_rows = row_columns(heldout, r);
    const std::span<const Index> history = row_columns(rows.seen, r);
    const bool knows_user = catalogue.knows(history);
    const float* user = users.row(r);
    for (Index e = 0; e < entries.size(); ++e) {
      const auto entry = static_cast<std::size_t>(e);
      const bool knows_item = catalogue.is_candidate(item_rows[entry]);
      const float* item = gathered.row(entries.columns[entry]);
      double prediction = fallback;
      if (objective.biases && !history.empty()) prediction += static_cast<double>(user[factors]);
      if (objective.biases && knows_item) prediction += static_cast<double>(item[factors]);
      if (knows_user && knows_item) {
        if (!objective.biases) prediction = 0;
        for (Index f = 0; f < factors; ++f) prediction += static_cast<double>(user[f]) * static_cast<double>(item[f]);
      }
      errors.push_back(static_cast<double>(entries.values[entry]) - prediction);  // with biases both without the mean
    }
  }
  return errors;
}

MetricEstimate estimate_metric(const Communicator& comm, const EvaluationMetric& metric,
                               std::span<const double> values) {
  std::vector<double> terms(values.begin(), values.end());
  if (!metric.ranks()) {
    for (double& term : terms) term = rating_term(metric, term);
  }
  MetricEstimate estimate{metric, 0, comm.sum(static_cast<Index>(terms.size())), 0};
  const auto count = static_cast<double>(estimate.count);
  const double mean = order_free_sum(comm, terms) / count;
  estimate.value = metric.ranks() ? mean : rating_value(metric, mean);
  if (estimate.count < 2) return estimate;
  for (double& term : terms) term = (term - mean) * (term - mean);
  const double error_of_mean = std::sqrt(order_free_sum(comm, terms) / (count - 1) / count);
  const bool is_root = metric.kind == MetricKind::rmse && mean > 0;
  estimate.standard_error = is_root ? error_of_mean / (2 * estimate.value) : error_of_mean;
  return estimate;
}

std::vector<MetricEstimate> evaluate_factors(const Communicator& comm, const Objective& objective, const ListRule& rule,
                                             std::span<const EvaluationMetric> metrics, const HeldoutRows& rows,
                                             ConstMatrixView users, const FactorMatrix& items) {
  std::vector<EvaluationMetric> rankings;
  std::ranges::copy_if(metrics, std::back_inserter(rankings), &EvaluationMetric::ranks);
  std::vector<std::vector<double>> values;
  if (!rankings.empty()) values = ranking_values(comm, objective, rule, rankings, rows, users, items);
  std::vector<double> errors;
  if (rankings.size() < metrics.size()) errors = rating_errors(comm, objective, rule.catalogue, rows, users, items);
  std::vector<MetricEstimate> estimates;
  auto ranked = values.begin();
  for (const EvaluationMetric& metric : metrics) {
    estimates.push_back(estimate_metric(comm, metric, metric.ranks() ? *ranked++ : errors));
  }
  return estimates;
}

}  // namespace rankwise
