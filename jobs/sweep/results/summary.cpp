#include "jobs/sweep/results/summary.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "jobs/sweep/results/conclusion.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

Json measured_and_predicted(double measured, double predicted) {
  return {{"measured", measured}, {"predicted", predicted > 0 ? Json(predicted) : Json(nullptr)}};
}

void add_cost(Json& json, const SweepCost& cost) {
  json["core_hours"] = measured_and_predicted(cost.core_hours, cost.predicted_core_hours);
  json["memory_bytes"] = measured_and_predicted(cost.memory_bytes, cost.predicted_memory_bytes);
}

Json json_of(const SweepPlan& plan, const TrialScore& score) {
  Json point = Json::object();
  for (const Assignment& assignment : plan.trials[score.trial].point) point[assignment.name] = assignment.value;
  return {{"trial", score.trial + 1},
          {"rung", score.rung},
          {"epochs", plan.rungs[score.rung].epochs},
          {"point", point},
          {"folds", score.folds},
          {"mean", score.mean},
          {"standard_deviation", number_or_null(score.standard_deviation)},
          {"behind_best",
           {{"difference", number_or_null(score.behind_best.difference)},
            {"standard_error", number_or_null(score.behind_best.standard_error)},
            {"confidence_95", number_or_null(score.behind_best_confidence)},
            {"p", number_or_null(score.behind_best.p)}}},
          {"stability", number_or_null(score.stability)}};
}

Json baseline_json(const SweepResults& results) {
  if (!std::isfinite(results.winner().baseline)) return nullptr;
  return {{"name", baseline_name(results.plan)},
          {"value", results.winner().baseline},
          {"is_beaten", !loses_to_baseline(results)}};
}

}  // namespace

Json results_summary(const SweepResults& results) {
  const SweepPlan& plan = results.plan;
  Json json;
  json["kind"] = "sweep-results";
  json["version"] = plan.version;
  json["metric"] = plan.metric();
  json["direction"] = plan.direction == Direction::maximize ? "maximize" : "minimize";
  json["conclusion"] = conclusion_text(results);
  json["legend"] = table_legend(results);
  if (results.paired_users() > 0) json["paired_users"] = results.paired_users();
  json["baseline"] = baseline_json(results);
  json["as_good_as_best"] = Json::array();
  for (const std::size_t place : results.as_good) json["as_good_as_best"].push_back(results.ranked[place].trial + 1);
  json["winner"] = json_of(plan, results.winner());
  json["best"] = json_of(plan, results.ranked.front());
  if (const TrialScore* other = results.runner_up()) {
    const PairedTest pair = compare_pairs(plan, results.winner(), *other);
    json["runner_up"] = {{"trial", other->trial + 1},
                         {"difference", pair.difference},
                         {"standard_error", number_or_null(pair.standard_error)},
                         {"t", number_or_null(pair.t)},
                         {"p", pair.p}};
  }
  json["importance"] = Json::object();
  for (const auto& [name, share] : results.importance) json["importance"][name] = share;
  json["notes"] = results.notes;
  json["trained_epochs"] = results.trained_epochs();
  add_cost(json, results.cost());
  json["tasks_done"] = std::ranges::count_if(results.records, [](const auto& record) { return record.has_value(); });
  json["tasks_missing"] = Json::array();
  for (const std::size_t place : results.missing) json["tasks_missing"].push_back(plan.tasks[place].name);
  json["trials"] = Json::array();
  for (const TrialScore& score : results.ranked) {
    Json trial = json_of(plan, score);
    add_cost(trial, results.cost_of(score.trial));
    json["trials"].push_back(std::move(trial));
  }
  return json;
}

}  // namespace rankwise
