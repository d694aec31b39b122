#include "jobs/scale/files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "io/config/json_text.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

const char* name_of(ScalingKind scaling) {
  return scaling == ScalingKind::strong ? "strong" : "weak";
}

Json json_of(const OverRanks& values) {
  return {{"max", values.max}, {"mean", values.mean}};
}

Json json_of(const ScaleRun& run, const ScaleFigures& figures) {
  const LayoutFigures& predicted = run.predicted;
  Json losses = Json::array();
  for (const EpochLoss& loss : run.losses) losses.push_back(loss.total());
  return {{"scaling", name_of(run.scaling)},
          {"ranks", run.ranks},
          {"threads_per_rank", run.threads_per_rank},
          {"nodes", run.nodes},
          {"oversubscribed", run.is_oversubscribed},
          {"growth", run.growth},
          {"users", run.users},
          {"items", run.items},
          {"interactions", run.interactions},
          {"epoch_seconds",
           {{"first", run.epoch_seconds.front()},
            {"median", figures.epoch_seconds},
            {"min", figures.min_epoch_seconds},
            {"max", figures.max_epoch_seconds}}},
          {"speedup", figures.speedup},
          {"efficiency", figures.efficiency},
          {"imbalance", figures.imbalance},
          {"solver_share", figures.solver_share},
          {"phases",
           {{"generate", json_of(run.generate_seconds)},
            {"plan", json_of(run.plan_seconds)},
            {"user_half_sweep", json_of(run.user_seconds)},
            {"item_half_sweep", json_of(run.item_seconds)},
            {"user_solvers", json_of(run.user_solver_seconds)},
            {"item_solvers", json_of(run.item_solver_seconds)}}},
          {"bytes_sent", {{"total", run.bytes_sent}, {"max", run.max_bytes_sent}}},
          {"lower_bound_bytes", lower_bound_bytes(run)},
          {"bytes_over_lower_bound", figures.bytes_over_least},
          {"memory_bytes", json_of(run.memory_bytes)},
          {"flops", run.flops},
          {"gflops", figures.gflops},
          {"interactions_per_second", figures.interactions_per_second},
          {"predicted",
           {{"epoch_seconds", predicted.epoch_seconds},
            {"over_measured", figures.predicted_share},
            {"compute_seconds", predicted.users.cost.max_compute_seconds + predicted.items.cost.max_compute_seconds},
            {"transfer_seconds", predicted.users.cost.max_transfer_seconds + predicted.items.cost.max_transfer_seconds},
            {"efficiency", figures.predicted_efficiency},
            {"imbalance", predicted.imbalance},
            {"bytes_sent", predicted_bytes(run)},
            {"memory_bytes", json_of(predicted.memory_bytes)}}},
          {"losses", losses}};
}

using Columns = std::vector<std::pair<std::string_view, std::string>>;

Columns columns_of(const ScaleRun& run, const ScaleFigures& figures) {
  const auto text = [](const auto& value) { return fmt::format("{}", value); };
  return {{"scaling", name_of(run.scaling)},
          {"ranks", text(run.ranks)},
          {"threads_per_rank", text(run.threads_per_rank)},
          {"nodes", text(run.nodes)},
          {"oversubscribed", text(run.is_oversubscribed ? 1 : 0)},
          {"users", text(run.users)},
          {"items", text(run.items)},
          {"interactions", text(run.interactions)},
          {"epoch_seconds", text(figures.epoch_seconds)},
          {"min_epoch_seconds", text(figures.min_epoch_seconds)},
          {"max_epoch_seconds", text(figures.max_epoch_seconds)},
          {"first_epoch_seconds", text(run.epoch_seconds.front())},
          {"predicted_epoch_seconds", text(run.predicted.epoch_seconds)},
          {"speedup", text(figures.speedup)},
          {"efficiency", text(figures.efficiency)},
          {"predicted_efficiency", text(figures.predicted_efficiency)},
          {"imbalance", text(figures.imbalance)},
          {"predicted_imbalance", text(run.predicted.imbalance)},
          {"solver_share", text(figures.solver_share)},
          {"generate_seconds", text(run.generate_seconds.max)},
          {"plan_seconds", text(run.plan_seconds.max)},
          {"user_half_sweep_seconds", text(run.user_seconds.max)},
          {"item_half_sweep_seconds", text(run.item_seconds.max)},
          {"bytes_sent", text(run.bytes_sent)},
          {"max_bytes_sent", text(run.max_bytes_sent)},
          {"predicted_bytes_sent", text(predicted_bytes(run))},
          {"lower_bound_bytes", text(lower_bound_bytes(run))},
          {"memory_bytes", text(run.memory_bytes.max)},
          {"predicted_memory_bytes", text(run.predicted.memory_bytes.max)},
          {"interactions_per_second", text(figures.interactions_per_second)},
          {"gflops", text(figures.gflops)},
          {"loss", text(run.losses.back().total())}};
}

/// Calls body(run, figures) for every run, strong ones first.
template <class Body>
void for_each_run(std::span<const ScaleRun> runs, const Body& body) {
  for (const ScalingKind scaling : {ScalingKind::strong, ScalingKind::weak}) {
    const std::span<const ScaleRun> series = series_of(runs, scaling);
    const std::vector<ScaleFigures> figures = scale_figures(series);
    for (std::size_t r = 0; r < series.size(); ++r) body(series[r], figures[r]);
  }
}

}  // namespace

std::string scale_json(const ScaleSetting& setting, std::span<const ScaleRun> runs) {
  const ScaleOptions& options = setting.options;
  const Index width = options.als.factors + (options.als.objective.biases ? 1 : 0);
  Json json;
  json["version"] = setting.version;
  json["configuration"] = setting.configuration;
  json["stated"] = {
      {"users", setting.shape.users}, {"items", setting.shape.items}, {"interactions", setting.shape.interactions}};
  json["factors"] = options.als.factors;
  json["epochs"] = options.als.epochs;
  json["row_floats"] = width;
  json["row_bytes"] = travel_bytes(options.als.row_format, padded_columns(width));
  json["rate_ratio"] = {{"users", setting.ratio.users}, {"items", setting.ratio.items}};
  json["node_sharing"] = options.als.node_sharing == NodeSharing::off ? "off" : "auto";
  json["network"] = {{"latency_seconds", options.network.latency_seconds},
                     {"bytes_per_second", options.network.bytes_per_second}};
  json["runs"] = Json::array();
  for_each_run(
      runs, [&](const ScaleRun& run, const ScaleFigures& figures) { json["runs"].push_back(json_of(run, figures)); });
  return json_text(json, 2) + "\n";
}

std::string scale_csv(std::span<const ScaleRun> runs) {
  std::string csv;
  for_each_run(runs, [&](const ScaleRun& run, const ScaleFigures& figures) {
    std::vector<std::string_view> names;
    std::vector<std::string> values;
    for (auto& [name, value] : columns_of(run, figures)) {
      names.push_back(name);
      values.push_back(std::move(value));
    }
    if (csv.empty()) csv = fmt::format("{}\n", fmt::join(names, ","));
    csv += fmt::format("{}\n", fmt::join(values, ","));
  });
  return csv;
}

}  // namespace rankwise
