#include "jobs/factor_evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

#include "distributed/als_side.hpp"
#include "distributed/order_free_sum.hpp"
#include "jobs/pick_rows.hpp"
#include "jobs/ranking.hpp"

namespace rankwise {

namespace {

/// Users with something held out, by their local rows.
std::vector<Index> rows_with_entries(const SparseRows& rows) {
  std::vector<Index> found;
  for (Index r = 0; r < rows.rows.size(); ++r) {
    if (!row_columns(rows, r).empty()) found.push_back(r);
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
void append_ranking_values(const Communicator& comm, const Objective& objective,
                           std::span<const EvaluationMetric> metrics, const HeldoutRows& rows, ConstMatrixView users,
                           const FactorMatrix& items, std::span<const Index> some,
                           std::vector<std::vector<double>>& values) {
  const Index longest = std::ranges::max_element(metrics, {}, &EvaluationMetric::cutoff)->cutoff;
  const auto item_rows = [&](RowRange range) { return gather_rows(comm, items, range); };
  Matrix vectors = pick(users, some);
  make_scoring_vectors(objective, vectors);
  const TopItems top = rank_items(items.partition.rows(), item_rows, vectors.view(), pick(rows.seen, some), longest);
  for (std::size_t u = 0; u < some.size(); ++u) {
    const std::vector<ScoredItem> ranked = top.sorted(static_cast<Index>(u));
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      values[m].push_back(ranking_value(metrics[m], ranked, row_columns(rows.heldout, some[u])));
    }
  }
}

}  // namespace

Index ranking_bytes(Index users, Index width, Index cutoff) {
  const Index at_once = std::min(users, users_per_ranking);
  return at_once *
         (padded_columns(width) * static_cast<Index>(sizeof(float)) + cutoff * static_cast<Index>(sizeof(ScoredItem)));
}

std::vector<std::vector<double>> ranking_values(const Communicator& comm, const Objective& objective,
                                                std::span<const EvaluationMetric> metrics, const HeldoutRows& rows,
                                                ConstMatrixView users, const FactorMatrix& items) {
  const std::vector<Index> evaluated = rows_with_entries(rows.heldout);
  const auto count = static_cast<Index>(evaluated.size());
  const Index rounds = comm.max((count + users_per_ranking - 1) / users_per_ranking);
  std::vector<std::vector<double>> values(metrics.size());
  for (Index round = 0; round < rounds; ++round) {
    const Index begin = std::min(round * users_per_ranking, count);
    const Index size = std::min(users_per_ranking, count - begin);
    append_ranking_values(comm, objective, metrics, rows, users, items,
                          std::span(evaluated).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size)),
                          values);
  }
  return values;
}

std::vector<double> rating_errors(const Communicator& comm, const Objective& objective, const HeldoutRows& rows,
                                  ConstMatrixView users, const FactorMatrix& items) {
  // Only the items of this rank's held-out ratings are fetched.
  const SparseRows& heldout = rows.heldout;
  const AlsSide side = make_als_side(comm, objective, rows.partition, items.partition,
                                     {heldout.offsets, heldout.columns, heldout.values});
  const SideBatch& batch = side.batches.front();
  Matrix gathered(batch.gathered_rows(), items.local.columns());
  batch.plan.start(comm, items.local.view(), gathered.view()).wait();

  const Index factors = users.columns - (objective.biases ? 1 : 0);
  std::vector<double> errors;
  errors.reserve(heldout.values.size());
  for (Index r = 0; r < heldout.rows.size(); ++r) {
    const SparseRow entries = batch.block.row(r);
    const float* user = users.row(r);
    for (Index e = 0; e < entries.size(); ++e) {
      const auto entry = static_cast<std::size_t>(e);
      const float* item = gathered.row(entries.columns[entry]);
      double prediction =
          objective.biases ? static_cast<double>(user[factors]) + static_cast<double>(item[factors]) : 0.0;
      for (Index f = 0; f < factors; ++f) prediction += static_cast<double>(user[f]) * static_cast<double>(item[f]);
      errors.push_back(static_cast<double>(entries.values[entry]) - prediction);  // both without the mean
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

std::vector<MetricEstimate> evaluate_factors(const Communicator& comm, const Objective& objective,
                                             std::span<const EvaluationMetric> metrics, const HeldoutRows& rows,
                                             ConstMatrixView users, const FactorMatrix& items) {
  std::vector<EvaluationMetric> rankings;
  std::ranges::copy_if(metrics, std::back_inserter(rankings), &EvaluationMetric::ranks);
  std::vector<std::vector<double>> values;
  if (!rankings.empty()) values = ranking_values(comm, objective, rankings, rows, users, items);
  std::vector<double> errors;
  if (rankings.size() < metrics.size()) errors = rating_errors(comm, objective, rows, users, items);
  std::vector<MetricEstimate> estimates;
  auto ranked = values.begin();
  for (const EvaluationMetric& metric : metrics) {
    estimates.push_back(estimate_metric(comm, metric, metric.ranks() ? *ranked++ : errors));
  }
  return estimates;
}

}  // namespace rankwise
