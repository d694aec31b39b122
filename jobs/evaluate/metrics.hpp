#pragma once
// The names of metrics, as the user writes them, and their formulas for people.

#include <string>
#include <string_view>
#include <vector>

#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

/// Parses "recall@20"; throws Error(usage) that names the option and the text.
[[nodiscard]] EvaluationMetric parse_metric(const std::string& option, const std::string& text);
/// Parses "recall@20,ndcg@100,rmse" as the value of --metrics; throws Error(usage) that names the faulty entry.
[[nodiscard]] std::vector<EvaluationMetric> parse_metrics(const std::string& list);

/// What the metric's value is, in one line, by its denominators.
[[nodiscard]] std::string definition_text(const EvaluationMetric& metric);

/// The formulas, for --help.
extern const std::string_view metric_formulas;

}  // namespace rankwise
