#include "kernels/ranking/ranking_metrics.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

double discount(Index position) {
  return 1.0 / std::log2(static_cast<double>(position + 1));
}

}  // namespace

double ranking_value(const EvaluationMetric& metric, std::span<const ScoredItem> ranked,
                     std::span<const Index> relevant) {
  const Index positions = std::min(metric.cutoff, static_cast<Index>(ranked.size()));
  const Index attainable = std::min(metric.cutoff, static_cast<Index>(relevant.size()));
  Index hits = 0;
  double gain = 0;
  double precisions = 0;
  for (Index position = 1; position <= positions; ++position) {
    const Index item = ranked[static_cast<std::size_t>(position - 1)].item;
    if (!std::binary_search(relevant.begin(), relevant.end(), item)) continue;
    ++hits;
    gain += discount(position);
    precisions += static_cast<double>(hits) / static_cast<double>(position);
  }
  switch (metric.kind) {
    case MetricKind::recall:
      return static_cast<double>(hits) / static_cast<double>(attainable);
    case MetricKind::ndcg: {
      double ideal = 0;
      for (Index position = 1; position <= attainable; ++position) ideal += discount(position);
      return gain / ideal;
    }
    case MetricKind::average_precision:
      return precisions / static_cast<double>(attainable);
    case MetricKind::hit_rate:
      return hits > 0 ? 1.0 : 0.0;
    case MetricKind::rmse:
    case MetricKind::mae:
      break;
  }
  throw Error(ExitCode::internal, metric.name + " is not a ranking metric");
}

double rating_term(const EvaluationMetric& metric, double error) {
  return metric.kind == MetricKind::rmse ? error * error : std::fabs(error);
}

double rating_value(const EvaluationMetric& metric, double mean_term) {
  return metric.kind == MetricKind::rmse ? std::sqrt(mean_term) : mean_term;
}

}  // namespace rankwise
