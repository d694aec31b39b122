#pragma once
// What an evaluation tells: lines and events of the report, the table on standard output, the JSON file.

#include <optional>
#include <string>
#include <vector>

#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "io/model/model.hpp"
#include "jobs/run/report.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

/// A metric's value for the model and for the baseline.
struct Comparison {
  MetricEstimate model;
  double baseline = 0;

  [[nodiscard]] const EvaluationMetric& metric() const { return model.metric; }
  [[nodiscard]] bool is_worse() const { return metric().is_better(baseline, model.value); }
  /// Rankings beat their baseline from above, errors from below: above 1 if the model is better. Nothing over 0.
  [[nodiscard]] std::optional<double> vs_baseline() const {
    const double above = metric().ranks() ? model.value : baseline;
    const double below = metric().ranks() ? baseline : model.value;
    return below == 0 ? std::nullopt : std::optional(above / below);
  }
};

/// What was found of a model; the same on every rank.
struct Evaluation {
  Index users = 0;         ///< with held-out interactions
  Index interactions = 0;  ///< held out
  std::optional<RankingCounts> rankings;
  std::optional<RatingCounts> ratings;
  std::vector<Comparison> comparisons;
};

/// As --seen has it: "exclude".
[[nodiscard]] const char* seen_word(SeenItems seen);

/// Says which users are served by popularity and what no list can have, if there is any of it.
void tell_rankings(Report& report, const RankingCounts& counts);

/// Lines and events, all but warnings.
void tell_evaluation(Report& report, const Evaluation& evaluation, const Objective& objective);

/// A metric a line, the model beside its baseline.
[[nodiscard]] std::string evaluation_table(const std::vector<Comparison>& comparisons);

/// One warning that names every metric by which the model is worse than its baseline, if there are such.
void warn_of_worse(Report& report, const std::vector<Comparison>& comparisons);

/// What the held-out part is to a measurement.
struct HeldoutRule {
  SeenItems seen = SeenItems::exclude;
  bool has_chosen_model = false;  ///< its epoch, by --validation-metric
};

/// The file that --output names (docs/FORMATS.md).
[[nodiscard]] std::string evaluation_json(const Evaluation& evaluation, const HeldoutRule& rule,
                                          const ModelReader& model);

}  // namespace rankwise
