#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "jobs/profile/printed_counts.hpp"
#include "jobs/propensity/propensity_report.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

/// A number of customers, null if it is of fewer than ten.
Json count_or_null(Index count) {
  return is_few(count) ? Json(nullptr) : Json(count);
}

Json file_json(const std::string& path, std::uint64_t digest) {
  return {{"file", std::filesystem::path(path).filename().string()},
          {"dataset_digest", fmt::format("{:016x}", digest)}};
}

Json interval_json(const Interval& interval) {
  return Json::array({number_or_null(interval.low), number_or_null(interval.high)});
}

std::string_view kind_word(TermKind kind) {
  switch (kind) {
    case TermKind::intercept:
      return "intercept";
    case TermKind::number:
      return "number";
    case TermKind::missing:
      return "missing";
    case TermKind::level:
      return "category";
    case TermKind::others:
      return "others";
  }
  return "";
}

Json term_json(const PropensityFindings& found, std::size_t place) {
  const FeatureTerm& term = found.features.terms[place];
  const double coefficient = found.fit.coefficients[place];
  const Interval interval = interval_of(coefficient, found.fit.standard_errors[place]);
  Json json{{"term", term.name()},
            {"kind", kind_word(term.kind)},
            {"column", text_or_null(term.column)},
            {"coefficient", number_or_null(coefficient)},
            {"standard_error", number_or_null(found.fit.standard_errors[place])},
            {"interval", interval_json(interval)}};
  if (found.model == RegressionModel::logistic) {
    json["odds_ratio"] = number_or_null(std::exp(coefficient));
    json["odds_ratio_interval"] = interval_json({std::exp(interval.low), std::exp(interval.high)});
  }
  if (term.kind == TermKind::level) json["category"] = term.level;
  if (term.kind != TermKind::number) return json;
  json["mean"] = term.mean;
  json["deviation"] = term.deviation;
  json["coefficient_of_unit"] = number_or_null(coefficient / term.deviation);
  return json;
}

Json quality_json(RegressionModel model, const PredictionQuality& quality) {
  const RankingQuality& ranking = quality.ranking;
  Json json = Json::object();
  if (model == RegressionModel::logistic) {
    const Interval interval = interval_of(ranking.auc, ranking.standard_error);
    json["auc"] = number_or_null(ranking.auc);
    json["auc_standard_error"] = number_or_null(ranking.standard_error);
    json["auc_interval"] = interval_json({std::max(interval.low, 0.0), std::min(interval.high, 1.0)});
    json["log_loss"] = number_or_null(quality.log_loss);
    json["brier"] = number_or_null(quality.squared_error);
  } else {
    json["rmse"] = number_or_null(std::sqrt(quality.squared_error));
    json["mean_absolute_error"] = number_or_null(quality.absolute_error);
  }
  return json;
}

Json groups_json(const PredictionQuality& quality) {
  Json groups = Json::array();
  for (const CalibrationRow& group : quality.groups) {
    groups.push_back({{"customers", group.rows},
                      {"predicted", number_or_null(group.mean_prediction)},
                      {"came", number_or_null(group.mean_outcome)}});
  }
  return groups;
}

Json baselines_json(const PropensityFindings& found) {
  Json baselines = Json::array();
  for (const BaselineFindings& baseline : found.baselines) {
    Json json = quality_json(found.model, baseline.quality);
    json["name"] = baseline.name;
    json["gain"] = {{"loss", found.model == RegressionModel::logistic ? "log loss" : "half the squared error"},
                    {"mean", number_or_null(baseline.gain.mean)},
                    {"standard_error", number_or_null(baseline.gain.standard_error)},
                    {"interval", interval_json(interval_of(baseline.gain.mean, baseline.gain.standard_error))}};
    baselines.push_back(std::move(json));
  }
  return baselines;
}

Json trials_json(const PropensityFindings& found) {
  Json trials = Json::array();
  for (const PenaltyTrial& trial : found.validation.trials) {
    trials.push_back({{"penalty", trial.penalty},
                      {"loss", number_or_null(trial.loss)},
                      {"standard_error", number_or_null(trial.standard_error)}});
  }
  return trials;
}

Json notes_json(const std::vector<ColumnNote>& columns, const char* name, const char* what) {
  Json json = Json::array();
  for (const ColumnNote& note : columns) json.push_back({{name, note.column}, {what, note.reason}});
  return json;
}

}  // namespace

Json propensity_json(const PropensityOptions& options, const PropensityFindings& found, const TargetOutcomes& outcomes,
                     const ProfileRows& customers, const ScoreFindings& scores, const std::string& version) {
  Json json{{"version", version},
            {"profile", file_json(options.profile, customers.provenance.dataset_digest)},
            {"outcomes", file_json(options.outcomes, outcomes.data_digest)},
            {"analysis_day", text_or_null(customers.analysis_day)},
            {"period", {{"from", text_or_null(outcomes.first_day)}, {"to", text_or_null(outcomes.last_day)}}},
            {"target", found.target},
            {"model", found.model == RegressionModel::logistic ? "logistic" : "ridge"},
            {"customers", found.customers},
            {"without_purchase", is_few(found.customers) ? Json(nullptr) : count_or_null(found.without_purchase)},
            {"buyers", found.printed_buyers() ? Json(*found.printed_buyers()) : Json(nullptr)},
            {"mean_outcome", found.mean_outcome},
            {"unknown_customers", is_few(found.customers - outcomes.unknown_customers)
                                      ? Json(nullptr)
                                      : count_or_null(outcomes.unknown_customers)},
            {"new_customers", count_or_null(outcomes.new_customers)},
            {"unpriced_lines", outcomes.unpriced_lines},
            {"sentences", propensity_sentences(found, outcomes)},
            {"warnings", propensity_warnings(found, outcomes)}};
  json["folds"] = found.folds;
  json["penalty"] = found.penalty();
  json["penalties"] = trials_json(found);
  json["converged"] = found.fit.has_converged && found.validation.has_converged;
  json["steps"] = found.fit.steps;
  json["effective_parameters"] = number_or_null(found.fit.effective_parameters);
  Json quality = quality_json(found.model, found.quality);
  quality["calibration_error"] = number_or_null(found.quality.calibration_error);
  quality["groups"] = groups_json(found.quality);
  json["out_of_fold"] = std::move(quality);
  json["baselines"] = baselines_json(found);
  Json terms = Json::array();
  for (std::size_t term = 0; term < found.features.terms.size(); ++term) terms.push_back(term_json(found, term));
  json["terms"] = std::move(terms);
  json["reference_categories"] = notes_json(found.features.references, "column", "category");
  json["left_out"] = notes_json(found.dropped, "term", "reason");
  json["imputed"] = found.features.imputed;
  json["scores"] = {
      {"file", std::filesystem::path(options.output).filename().string()},
      {"customers", scores.customers},
      {"without_purchase", is_few(scores.customers) ? Json(nullptr) : count_or_null(scores.without_purchase)},
      {"out_of_fold", scores.out_of_fold},
      {"analysis_day", text_or_null(scores.analysis_day)},
      {"unknown_categories", scores.unknown_categories}};
  return json;
}

}  // namespace rankwise
