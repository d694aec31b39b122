#include "jobs/evaluate/evaluation_json.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "io/probability/reliability_json.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/evaluate/models/match_json.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Interval& interval) {
  return Json::array({number_or_null(interval.low), number_or_null(interval.high)});
}

Json json_of(const std::optional<double>& value) {
  return value ? number_or_null(*value) : Json(nullptr);
}

Json json_of(const std::optional<SplitFigures>& figures) {
  if (!figures) return nullptr;
  Json json{{"heldout_users", figures->heldout_users},
            {"heldout_items", figures->heldout_items},
            {"cold_users", figures->cold_users},
            {"cold_items", figures->cold_items}};
  if (!figures->leakage) return json;  // no times
  json["after_own_heldout"] = figures->leakage->after_own_heldout;
  json["after_first_heldout"] = figures->leakage->after_first_heldout;
  json["future_items"] = figures->leakage->future_items;
  json["median_gap_days"] = json_of(figures->leakage->median_gap_days);
  return json;
}

Json json_of(const BaselineFigures& baseline) {
  const PairedDifference& difference = baseline.difference;
  Json json = {{"value", number_or_null(baseline.figures.value)},
               {"standard_error", number_or_null(baseline.figures.standard_error)},
               {"interval", json_of(baseline.figures.interval)},
               {"difference",
                {{"mean", number_or_null(difference.mean)},
                 {"standard_error", number_or_null(difference.standard_error)},
                 {"interval", json_of(difference.interval)},
                 {"p", number_or_null(difference.p)},
                 {"p_permutation", number_or_null(difference.p_permutation)},
                 {"p_adjusted", number_or_null(baseline.p_adjusted)}}}};
  if (baseline.signed_ranks) {
    json["difference"]["wilcoxon"] = {{"pairs", baseline.signed_ranks->pairs},
                                      {"positive_ranks", baseline.signed_ranks->positive_ranks},
                                      {"negative_ranks", baseline.signed_ranks->negative_ranks},
                                      {"z", number_or_null(baseline.signed_ranks->z)},
                                      {"p", number_or_null(baseline.signed_ranks->p)}};
  }
  return json;
}

Json json_of(const MetricFigures& figures) {
  Json baselines = Json::object();
  for (const BaselineFigures& baseline : figures.baselines) baselines[baseline.name] = json_of(baseline);
  const bool has_baseline = !figures.baselines.empty();
  return {{"model", number_or_null(figures.model.value)},
          {"standard_error", number_or_null(figures.model.standard_error)},
          {"interval", json_of(figures.model.interval)},
          {"interval_kind", figures.interval_kind == IntervalKind::student ? "t" : "poisson-bootstrap"},
          {"users", figures.model.users},
          {"definition", definition_text(figures.metric)},
          {"baseline", has_baseline ? number_or_null(figures.baselines.front().figures.value) : Json(nullptr)},
          {"vs_baseline", json_of(figures.vs_baseline())},
          {"worse_than_baseline", figures.is_worse()},
          {"baselines", baselines}};
}

Json json_of(const Slice& slice) {
  Json metrics = Json::object();
  for (const SliceValue& value : slice.values) {
    metrics[value.metric] = {{"value", number_or_null(value.model.value)},
                             {"standard_error", number_or_null(value.model.standard_error)},
                             {"interval", json_of(value.model.interval)},
                             {"users", value.model.users},
                             {"baseline", json_of(value.baseline)}};
  }
  return {{"by", slice.by},
          {"group", slice.group},
          {"users", slice.users},
          {"targets", slice.targets},
          {"metrics", metrics}};
}

Json json_of(const GateVerdict& gate) {
  return {{"against", gate.against},
          {"metric", gate.metric},
          {"margin", gate.margin},
          {"confidence", gate.confidence},
          {"difference", gate.difference},
          {"lower_bound", gate.lower_bound},
          {"against_may_know_heldout", gate.may_know_heldout},
          {"passed", gate.passed}};
}

Json json_of(const RankingCounts& counts, const std::string& seen) {
  Json rankings = {{"seen", seen},
                   {"users", counts.users},
                   {"popular_users", counts.popular_users},
                   {"targets", counts.targets},
                   {"cold_targets", counts.cold_targets},
                   {"left_out", counts.left_out}};
  if (counts.described_users + counts.described_targets == 0) return rankings;
  rankings["described_users"] = counts.described_users;
  rankings["described_targets"] = counts.described_targets;
  return rankings;
}

Json json_of(const RatingCounts& counts) {
  return {{"ratings", counts.ratings},
          {"cold_users", counts.cold_users},
          {"cold_items", counts.cold_items},
          {"cold", counts.cold}};
}

Json json_of(const ProbabilityCheck& check) {
  Json json = reliability_json(check.reliability);
  json["file"] = check.file;
  json["top"] = check.top;
  json["within_seconds"] = check.within_seconds ? Json(*check.within_seconds) : Json(nullptr);
  json["users"] = check.users;
  return json;
}

Json json_of(const CalibrationBin& bin) {
  return {{"low", bin.low},
          {"high", bin.high},
          {"count", bin.count},
          {"mean_prediction", bin.mean_prediction},
          {"mean_value", bin.mean_value}};
}

std::string hexadecimal(std::uint64_t digest) {
  return fmt::format("{:016x}", digest);
}

Json named_file(const ModelFacts& model) {
  return {{"file", model.file}, {"digest", hexadecimal(model.digest)}, {"configuration", model.configuration}};
}

/// What a model may have learned of what measures it.
void add_ancestry(Json& json, const ModelFacts& model) {
  json["ancestor_trained_on_all"] = model.ancestor_trained_on_all;
  json["ancestor_may_know_heldout"] = ancestor_may_know(model.overlap);
  json["chosen_by_heldout"] = model.overlap.chosen_by_heldout;
  add_match(json, model.match, model.overlap);
}

}  // namespace

Json model_json(const ModelFacts& model) {
  Json json = named_file(model);
  add_ancestry(json, model);
  return json;
}

namespace {

Json json_of_blend(const Evaluation& evaluation) {
  Json models = Json::array();
  for (const ModelFacts& model : evaluation.models) {
    Json json = model_json(model);
    json["weight"] = model.weight;
    models.push_back(json);
  }
  return {{"scores", evaluation.blend_scores}, {"models", models}};
}

}  // namespace

std::string evaluation_json(const Evaluation& evaluation) {
  Json json;
  json["format"] = 2;
  json["data"] = {{"file", evaluation.data_file}, {"digest", hexadecimal(evaluation.data_digest)}};
  const bool is_blend = evaluation.models.size() > 1;
  if (is_blend) {
    json["blend"] = json_of_blend(evaluation);
  } else {
    json["model"] = named_file(evaluation.models.front());
  }
  json["definitions"] = evaluation.definitions;
  if (!evaluation.categories.empty()) json["categories"] = evaluation.categories;
  json["users"] = evaluation.users;
  json["heldout_interactions"] = evaluation.interactions;
  if (evaluation.rankings) json["rankings"] = json_of(*evaluation.rankings, evaluation.seen);
  if (evaluation.rankings && evaluation.are_candidates_new) json["rankings"]["candidates"] = "new";
  if (evaluation.ratings) json["ratings"] = json_of(*evaluation.ratings);
  if (!is_blend) add_ancestry(json, evaluation.models.front());
  json["worse_than_baseline"] = std::ranges::any_of(evaluation.metrics, [](const MetricFigures& figures) {
    return figures.metric.is_of_accuracy() && figures.is_worse();
  });
  json["metrics"] = Json::object();
  for (const MetricFigures& figures : evaluation.metrics) json["metrics"][figures.metric.name] = json_of(figures);
  const auto list = [](const auto& values) {
    Json array = Json::array();
    for (const auto& value : values) array.push_back(json_of(value));
    return array;
  };
  json["slices"] = list(evaluation.slices);
  json["calibration"] = list(evaluation.calibration);
  json["recall_by_cutoff"] = Json::array();
  for (const RecallAtCutoff& point : evaluation.recall_by_cutoff) {
    json["recall_by_cutoff"].push_back(
        {{"cutoff", point.cutoff}, {"model", point.model}, {"baseline", json_of(point.baseline)}});
  }
  json["leakage"] = json_of(evaluation.leakage);
  json["warnings"] = evaluation.warnings;
  if (evaluation.probability) json["reliability"] = json_of(*evaluation.probability);
  json["gate"] = evaluation.gate ? json_of(*evaluation.gate) : Json(nullptr);
  return json_text(json, 2) + "\n";
}

}  // namespace rankwise
