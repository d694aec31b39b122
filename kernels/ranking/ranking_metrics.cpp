#include "kernels/ranking/ranking_metrics.hpp"

#include <cmath>

namespace rankwise {

MetricSource EvaluationMetric::source() const {
  switch (kind) {
    case MetricKind::novelty:
    case MetricKind::diversity:
    case MetricKind::category_diversity:
    case MetricKind::calibration:
      return MetricSource::list_items;
    case MetricKind::auc:
      return MetricSource::all_scores;
    case MetricKind::coverage:
    case MetricKind::gini:
      return MetricSource::all_lists;
    case MetricKind::rmse:
    case MetricKind::mae:
      return MetricSource::ratings;
    default:
      return MetricSource::hits;
  }
}

bool EvaluationMetric::is_of_accuracy() const {
  return source() != MetricSource::list_items && source() != MetricSource::all_lists;
}

double rating_term(const EvaluationMetric& metric, double error) {
  return metric.kind == MetricKind::rmse ? error * error : std::fabs(error);
}

double rating_value(const EvaluationMetric& metric, double mean_term) {
  return metric.kind == MetricKind::rmse ? std::sqrt(mean_term) : mean_term;
}

double rating_slope(const EvaluationMetric& metric, double mean_term) {
  if (metric.kind != MetricKind::rmse) return 1;
  return mean_term > 0 ? 1 / (2 * std::sqrt(mean_term)) : 0;
}

}  // namespace rankwise
