#pragma once
// A user's values of metrics of hits, all of them from one list at the longest cutoff: hits are marked once, discounts
// come from a table. Pure; may be used by many threads.

#include <span>
#include <vector>

#include "kernels/base/types.hpp"
#include "kernels/ranking/ranking_metrics.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// A held-out item in a list.
struct Hit {
  Index position = 0;  ///< in the list, from 1
  Index target = 0;    ///< its place among the held-out items
};

/// Replaces `hits` by the targets in the first `longest` items of the list, best first; `targets` ascends.
void find_hits(std::span<const ScoredItem> list, Index longest, std::span<const Index> targets, std::vector<Hit>& hits);

class HitValues {
 public:
  /// `metrics` have MetricSource::hits; `items`: of the catalogue, which no list exceeds.
  HitValues(std::vector<EvaluationMetric> metrics, Index items);

  [[nodiscard]] std::span<const EvaluationMetric> metrics() const { return metrics_; }
  /// Items of a list that count.
  [[nodiscard]] Index longest() const { return longest_; }
  [[nodiscard]] bool needs_weights() const { return needs_weights_; }

  /// Each metric of a user with so many targets, at least 1. `weights`: what each target is worth to `revenue`, or
  /// empty if no metric asks for it.
  void values(std::span<const Hit> hits, Index targets, std::span<const float> weights, std::span<double> values) const;

 private:
  [[nodiscard]] double value(const EvaluationMetric& metric, std::span<const Hit> hits, Index targets,
                             std::span<const float> weights) const;

  std::vector<EvaluationMetric> metrics_;
  Index longest_ = 0;
  bool needs_weights_ = false;
  std::vector<double> discounts_;  // by position, from 1
  std::vector<double> ideals_;     // of so many hits in front
};

}  // namespace rankwise
