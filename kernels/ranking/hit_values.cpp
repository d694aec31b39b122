#include "kernels/ranking/hit_values.hpp"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <utility>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// What the hits down to a cutoff add up to.
struct HitSums {
  Index hits = 0;
  Index first = 0;  ///< position of the first hit; 0 without one
  double gain = 0;
  double precisions = 0;
  double worth = 0;
};

/// RecBole's recall, and trec_eval's recall and map, count all that was held out, others at most as many as the list
/// has places.
bool divides_by_all(const EvaluationMetric& metric) {
  return metric.definitions == Definitions::trec ||
         (metric.definitions == Definitions::recbole && metric.kind == MetricKind::recall);
}

}  // namespace

void find_hits(std::span<const ScoredItem> list, Index longest, std::span<const Index> targets,
               std::vector<Hit>& hits) {
  hits.clear();
  // Most listed items are no target, and one bit says so: a search for each took a twelfth of a whole evaluation.
  constexpr std::size_t filter_bits = 1024;
  std::bitset<filter_bits> may_be_target;
  for (const Index target : targets) may_be_target.set(static_cast<std::size_t>(target) % filter_bits);
  const Index positions = std::min(longest, static_cast<Index>(list.size()));
  for (Index position = 1; position <= positions; ++position) {
    const Index item = list[static_cast<std::size_t>(position - 1)].item;
    if (!may_be_target[static_cast<std::size_t>(item) % filter_bits]) continue;
    const auto place = std::lower_bound(targets.begin(), targets.end(), item);
    if (place != targets.end() && *place == item) hits.push_back({position, place - targets.begin()});
  }
}

HitValues::HitValues(std::vector<EvaluationMetric> metrics, Index items) : metrics_(std::move(metrics)) {
  for (const EvaluationMetric& metric : metrics_) {
    if (metric.source() != MetricSource::hits) throw Error(ExitCode::internal, metric.name + " is no metric of hits");
    longest_ = std::max(longest_, metric.cutoff);
    needs_weights_ = needs_weights_ || metric.kind == MetricKind::revenue;
  }
  longest_ = std::min(longest_, items);
  discounts_.push_back(0);
  ideals_.push_back(0);
  for (Index position = 1; position <= longest_; ++position) {
    discounts_.push_back(1.0 / std::log2(static_cast<double>(position + 1)));
    ideals_.push_back(ideals_.back() + discounts_.back());
  }
}

void HitValues::values(std::span<const Hit> hits, Index targets, std::span<const float> weights,
                       std::span<double> values) const {
  for (std::size_t m = 0; m < metrics_.size(); ++m) values[m] = value(metrics_[m], hits, targets, weights);
}

double HitValues::value(const EvaluationMetric& metric, std::span<const Hit> hits, Index targets,
                        std::span<const float> weights) const {
  HitSums sums;
  for (const Hit& hit : hits) {
    if (hit.position > metric.cutoff) break;
    if (++sums.hits == 1) sums.first = hit.position;
    sums.gain += discounts_[static_cast<std::size_t>(hit.position)];
    sums.precisions += static_cast<double>(sums.hits) / static_cast<double>(hit.position);
    if (needs_weights_) sums.worth += static_cast<double>(weights[static_cast<std::size_t>(hit.target)]);
  }
  const Index attainable = std::min(metric.cutoff, targets);
  const auto most = static_cast<double>(divides_by_all(metric) ? targets : attainable);
  switch (metric.kind) {
    case MetricKind::recall:
      return static_cast<double>(sums.hits) / most;
    case MetricKind::precision:
      return static_cast<double>(sums.hits) / static_cast<double>(metric.cutoff);
    case MetricKind::ndcg:
      return sums.gain / ideals_[static_cast<std::size_t>(std::min(attainable, longest_))];
    case MetricKind::average_precision:
      return sums.precisions / most;
    case MetricKind::reciprocal_rank:
      return sums.hits > 0 ? 1.0 / static_cast<double>(sums.first) : 0.0;
    case MetricKind::hit_rate:
      return sums.hits > 0 ? 1.0 : 0.0;
    case MetricKind::revenue:
      return sums.worth;
    default:
      throw Error(ExitCode::internal, metric.name + " is no metric of hits");
  }
}

}  // namespace rankwise
