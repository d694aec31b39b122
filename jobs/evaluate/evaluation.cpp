#include "jobs/evaluate/evaluation.hpp"

namespace rankwise {

bool MetricFigures::is_worse() const {
  return !baselines.empty() && metric.is_better(baselines.front().figures.value, model.value);
}

std::optional<double> MetricFigures::vs_baseline() const {
  if (baselines.empty()) return std::nullopt;
  const double baseline = baselines.front().figures.value;
  const double above = metric.higher_is_better() ? model.value : baseline;
  const double below = metric.higher_is_better() ? baseline : model.value;
  return below == 0 ? std::nullopt : std::optional(above / below);
}

}  // namespace rankwise
