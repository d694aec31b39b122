#include "jobs/denoise/denoise_report.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "jobs/evaluate/metrics.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

Json number_if(const std::optional<double>& number) {
  return number ? number_or_null(*number) : Json(nullptr);
}

Json json_of(const MetricFigures& figures) {
  const BaselineFigures& whole = figures.baselines.front();
  const PairedDifference& difference = whole.difference;
  return {{"metric", figures.metric.name},
          {"definition", definition_text(figures.metric)},
          {"cleaned", number_or_null(figures.model.value)},
          {"as_it_is", number_or_null(whole.figures.value)},
          {"difference", number_or_null(difference.mean)},
          {"standard_error", number_or_null(difference.standard_error)},
          {"interval", {number_or_null(difference.interval.low), number_or_null(difference.interval.high)}},
          {"p", number_or_null(difference.p)},
          {"users", difference.users}};
}

Json json_of(const TruthFigures& truth) {
  return {{"listed", truth.listed},
          {"in_training", truth.in_training},
          {"hits", truth.hits},
          {"precision", number_if(truth.precision)},
          {"recall", number_if(truth.recall)}};
}

}  // namespace

std::string denoise_json(const DenoiseOptions& options, const DenoiseOutcome& outcome) {
  const auto name = [](const std::string& path) { return std::filesystem::path(path).filename().string(); };
  Json metrics = Json::array();
  if (outcome.comparison) {
    for (const MetricFigures& figures : outcome.comparison->metrics) metrics.push_back(json_of(figures));
  }
  const Json json{
      {"data", {{"file", name(options.data)}, {"digest", fmt::format("{:016x}", outcome.data_digest)}}},
      {"cleaned", {{"file", name(options.output)}, {"digest", fmt::format("{:016x}", outcome.cleaned_digest)}}},
      {"folds", options.folds},
      {"threshold", options.resolved_threshold()},
      {"unit", options.rates() ? "robust deviations" : "percentile"},
      {"action", options.action == NoiseAction::drop ? "drop" : "weight"},
      {"interactions", outcome.judgement.interactions},
      {"judged", outcome.judgement.judged},
      {"scale", number_if(outcome.judgement.scale)},
      {"found", outcome.findings.found},
      {"spared_users", outcome.findings.spared_users},
      {"spared_interactions", outcome.findings.spared_pairs},
      {"spared_repeats", outcome.findings.spared_repeats},
      {"truth", outcome.truth ? json_of(*outcome.truth) : Json(nullptr)},
      {"compared_on", outcome.part.name()},
      {"metrics", metrics},
      {"verdict", outcome.comparison ? verdict_words(outcome.comparison->verdict) : "nothing found"}};
  constexpr int indent = 2;
  return json_text(json, indent) + "\n";
}

std::string denoise_table(const DenoiseOutcome& outcome) {
  if (!outcome.comparison) return "nothing found: the cleaned dataset holds what the dataset holds\n";
  std::string table = fmt::format("{:<12}  {:>10}  {:>10}  {:>10}  {:>24}  {:>8}\n", "metric", "cleaned", "as it is",
                                  "difference", "95% interval", "p");
  for (const MetricFigures& figures : outcome.comparison->metrics) {
    const BaselineFigures& whole = figures.baselines.front();
    const Interval& interval = whole.difference.interval;
    table += fmt::format("{:<12}  {:>10.6f}  {:>10.6f}  {:>+10.6f}  {:>24}  {:>8.2g}\n", figures.metric.name,
                         figures.model.value, whole.figures.value, whole.difference.mean,
                         fmt::format("{:+.6f} to {:+.6f}", interval.low, interval.high), whole.difference.p);
  }
  return table + verdict_text(*outcome.comparison) + "\n";
}

}  // namespace rankwise
