#include "jobs/evaluate/per_user.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "io/evaluation/user_metrics.hpp"
#include "jobs/evaluate/estimates.hpp"
#include "jobs/evaluate/metrics.hpp"

namespace rankwise {

namespace {

std::vector<double> no_values(Index rows) {
  return std::vector<double>(static_cast<std::size_t>(rows), std::numeric_limits<double>::quiet_NaN());
}

std::vector<double> values_of_lists(const ListTable& table, std::size_t metric, Index rows) {
  std::vector<double> values = no_values(rows);
  for (std::size_t user = 0; user < table.rows.size(); ++user)
    values[static_cast<std::size_t>(table.rows[user])] = table.values[metric][user];
  return values;
}

std::vector<double> values_of_ratings(const EvaluationMetric& metric, std::span<const double> errors,
                                      std::span<const Index> offsets) {
  std::vector<double> values = no_values(std::ssize(offsets) - 1);
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (offsets[row] == offsets[row + 1]) continue;
    double sum = 0;
    for (Index e = offsets[row]; e < offsets[row + 1]; ++e)
      sum += rating_term(metric, errors[static_cast<std::size_t>(e)]);
    values[row] = rating_value(metric, sum / static_cast<double>(offsets[row + 1] - offsets[row]));
  }
  return values;
}

BlendOrigin blend_of(const Evaluation& evaluation) {
  BlendOrigin blend;
  if (evaluation.models.size() == 1) return blend;
  blend.scores = evaluation.blend_scores;
  for (const ModelFacts& each : evaluation.models) blend.parts.push_back({each.file, each.digest, each.weight});
  return blend;
}

}  // namespace

void write_per_user(JobContext& context, const std::string& path, const Contest& contest,
                    std::span<const EvaluationMetric> metrics, const Contender& model, const Evaluation& evaluation) {
  const Index rows = contest.rows.heldout.rows.size();
  const bool is_blend = evaluation.models.size() > 1;
  UserMetrics found{ids_of_users(contest), {}, is_blend ? 0 : evaluation.models.front().digest, blend_of(evaluation)};
  for (const EvaluationMetric& metric : metrics) {
    if (metric.source() == MetricSource::all_lists) continue;
    if (!metric.ranks()) {
      found.metrics.push_back({metric.name, definition_text(metric) + ", of the user's own",
                               values_of_ratings(metric, model.ratings->errors, contest.rows.heldout.offsets)});
      continue;
    }
    const auto place = std::ranges::find(contest.questions.metrics, metric.name, &EvaluationMetric::name);
    const auto number = static_cast<std::size_t>(place - contest.questions.metrics.begin());
    found.metrics.push_back({metric.name, definition_text(metric), values_of_lists(*model.lists, number, rows)});
  }
  write_user_metrics(context.comm, path, found,
                     context.provenance(user_metrics_kind, contest.dataset.provenance().dataset_digest));
}

}  // namespace rankwise
