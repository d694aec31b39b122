#include "jobs/evaluate/evaluation.hpp"

#include <filesystem>

namespace rankwise {

ModelFacts facts_of(const EvaluatedModel& model) {
  const TrainingRecord& record = model.file->record();
  return {.file = std::filesystem::path(model.path).filename().string(),
          .digest = record.content_digest,
          .configuration = record.provenance.configuration,
          .ancestor_trained_on_all = !record.lineage_trained_on_all.empty(),
          .match = model.matched.counts,
          .overlap = model.overlap};
}

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
