#pragma once
// Metrics of rankings and of predicted ratings: their kinds, and what each of them is made of.

#include <string>

#include "kernels/base/types.hpp"

namespace rankwise {

enum class MetricKind {
  recall,
  precision,
  ndcg,
  average_precision,
  reciprocal_rank,
  hit_rate,
  revenue,
  novelty,
  diversity,
  category_diversity,
  calibration,
  auc,
  coverage,
  gini,
  rmse,
  mae
};

/// What a metric is computed from.
enum class MetricSource {
  hits,        ///< where a user's list has what was held out; a mean over users
  list_items,  ///< the items of a user's list; a mean over users
  all_scores,  ///< a user's scores of all items; a mean over users
  all_lists,   ///< how often each item is in a list: one number of all users
  ratings      ///< held-out ratings beside their predictions; a mean over ratings, or the root of one
};

/// Whose denominators: ours (Liang et al. 2018 as well), RecBole's, trec_eval's.
enum class Definitions { ours, liang, recbole, trec };

struct EvaluationMetric {
  std::string name;  ///< as asked for: "ndcg@100"
  MetricKind kind;
  Index cutoff = 0;  ///< k of a metric of lists; 0 of others
  Definitions definitions = Definitions::ours;

  [[nodiscard]] MetricSource source() const;
  /// All but errors of ratings.
  [[nodiscard]] bool ranks() const { return source() != MetricSource::ratings; }
  /// Whether the name has a cutoff after @.
  [[nodiscard]] bool has_cutoff() const { return ranks() && kind != MetricKind::auc; }
  /// Whether it says how well held-out interactions are predicted.
  [[nodiscard]] bool is_of_accuracy() const;
  /// Whether it is of categories of items.
  [[nodiscard]] bool needs_categories() const {
    return kind == MetricKind::calibration || kind == MetricKind::category_diversity;
  }
  /// Errors, concentration and divergence are better if they are lower.
  [[nodiscard]] bool higher_is_better() const {
    return ranks() && kind != MetricKind::gini && kind != MetricKind::calibration;
  }
  [[nodiscard]] bool is_better(double value, double other) const {
    return higher_is_better() ? value > other : value < other;
  }
};

/// A rating's contribution, the metric from the mean of the contributions, and the metric's derivative by that mean (0
/// at a mean of 0).
[[nodiscard]] double rating_term(const EvaluationMetric& metric, double error);
[[nodiscard]] double rating_value(const EvaluationMetric& metric, double mean_term);
[[nodiscard]] double rating_slope(const EvaluationMetric& metric, double mean_term);

}  // namespace rankwise
