#pragma once
// Metrics of rankings and of rating errors: one user's or one rating's value. Pure functions.

#include <span>
#include <string>

#include "kernels/base/types.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

enum class MetricKind { recall, ndcg, average_precision, hit_rate, rmse, mae };

struct EvaluationMetric {
  std::string name;  ///< as asked for: "ndcg@100"
  MetricKind kind;
  Index cutoff = 0;  ///< k of a ranking metric

  [[nodiscard]] bool ranks() const { return kind != MetricKind::rmse && kind != MetricKind::mae; }
  /// Rankings are better where the value is higher, rating errors where it is lower.
  [[nodiscard]] bool is_better(double value, double other) const { return ranks() ? value > other : value < other; }
};

/// A ranking metric for one user: `ranked`, best first, holds at least min(cutoff, rankable items); `relevant` ascends
/// and is not empty.
[[nodiscard]] double ranking_value(const EvaluationMetric& metric, std::span<const ScoredItem> ranked,
                                   std::span<const Index> relevant);

/// A rating's contribution, and the metric from the mean of the contributions.
[[nodiscard]] double rating_term(const EvaluationMetric& metric, double error);
[[nodiscard]] double rating_value(const EvaluationMetric& metric, double mean_term);

}  // namespace rankwise
