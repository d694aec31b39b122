#include "jobs/quarterly/model_numbers.hpp"

#include <algorithm>
#include <string>

#include "jobs/quarterly/step_results.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

/// Baselines, and last quarter's model as the gate calls it.
Json others_of(const Json& metric, const Json& gate) {
  Json others = Json::array();
  for (const auto& [name, baseline] : metric.at("baselines").items()) {
    const Json& difference = baseline.at("difference");
    const bool is_older = !gate.is_null() && gate.at("against") == name;
    others.push_back({{"name", is_older ? "last quarter's model" : name},
                      {"value", baseline.at("value")},
                      {"interval", baseline.at("interval")},
                      {"difference", difference.at("mean")},
                      {"difference_interval", difference.at("interval")}});
  }
  return others;
}

/// Adds metrics that are not there yet, or are there with another value: then as "ndcg@10 of evaluate".
void add_metrics(const std::string& step, const Json& report, Json& metrics) {
  const Json known = metrics;
  for (const auto& [name, metric] : report.at("metrics").items()) {
    const auto is_same = [&name = name](const Json& one) { return one.at("metric") == name; };
    const auto same = std::ranges::find_if(known, is_same);
    if (same != known.end() && same->at("value") == metric.at("model")) continue;
    metrics.push_back({{"metric", same == known.end() ? name : name + " of " + step},
                       {"definition", metric.at("definition")},
                       {"value", metric.at("model")},
                       {"interval", metric.at("interval")},
                       {"worse_than_baseline", metric.at("worse_than_baseline")},
                       {"others", others_of(metric, report.at("gate"))}});
  }
}

/// `suffix`: "" or "-itemcf". The gate's figures come first, since they have last quarter's model beside them.
Json numbers_of(const Chain& chain, const std::string& suffix) {
  Json model{{"model", suffix.empty() ? "model" : "item model"}, {"metrics", Json::array()}, {"gate", nullptr}};
  bool is_measured = false;
  for (const char* step : {"gate", "evaluate"}) {
    const Json found = made_of(output_of(chain, step + suffix, ".json"), [&model, step](const Json& report) {
      if (!model.contains("users")) model["users"] = report.at("users");
      if (!model.contains("heldout_interactions")) model["heldout_interactions"] = report.at("heldout_interactions");
      if (model.at("gate").is_null()) model["gate"] = report.at("gate");
      add_metrics(step, report, model["metrics"]);
      return Json(true);
    });
    is_measured |= !found.is_null();
  }
  if (!is_measured) return nullptr;
  const Json& gate = model.at("gate");
  const bool is_held_back = !gate.is_null() && !gate.at("passed").get<bool>();
  model["serves"] = is_held_back ? "last quarter's" : "this quarter's";
  return model;
}

}  // namespace

Json model_numbers(const Chain& chain) {
  Json models = Json::array();
  for (const char* suffix : {"", "-itemcf"}) {
    Json model = numbers_of(chain, suffix);
    if (!model.is_null()) models.push_back(std::move(model));
  }
  return models;
}

}  // namespace rankwise
