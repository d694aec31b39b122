#include "jobs/blend/blend_report.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "jobs/evaluate/evaluation_json.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

std::string half_width(const Interval& interval) {
  const double half = (interval.high - interval.low) / 2;
  return std::isnan(half) ? "-" : fmt::format("{:.6f}", half);
}

/// "items.h5 alone", or nothing.
std::string single_name(const BlendSweep& found, const Weights& weights) {
  const Index single = single_model(weights);
  return single < 0 ? "" : printable(found.names[static_cast<std::size_t>(single)]) + " alone";
}

Json interval_json(const Interval& interval) {
  return Json::array({number_or_null(interval.low), number_or_null(interval.high)});
}

Json json_of(const BlendPoint& point) {
  return {{"weights", point.weights},
          {"value", number_or_null(point.figures.value)},
          {"standard_error", number_or_null(point.figures.standard_error)},
          {"interval", interval_json(point.figures.interval)}};
}

Json json_of(const PairedDifference& difference) {
  return {{"mean", number_or_null(difference.mean)},
          {"standard_error", number_or_null(difference.standard_error)},
          {"interval", interval_json(difference.interval)},
          {"p", number_or_null(difference.p)},
          {"p_permutation", number_or_null(difference.p_permutation)}};
}

}  // namespace

bool BlendSweep::is_better() const {
  return difference.interval.low > 0;
}

std::vector<std::size_t> BlendSweep::parts(const Weights& weights) {
  std::vector<std::size_t> places;
  for (std::size_t m = 0; m < weights.size(); ++m) {
    if (weights[m] > 0) places.push_back(m);
  }
  return places;
}

std::string weights_text(const Weights& weights) {
  std::vector<double> taken;
  std::ranges::copy_if(weights, std::back_inserter(taken), [](double weight) { return weight > 0; });
  return fmt::format("{}", fmt::join(taken, ","));
}

std::string blend_table(const BlendSweep& found) {
  std::string text;
  for (std::size_t m = 0; m < found.models.size(); ++m)
    text += fmt::format("weight {}: {}\n", m + 1, printable(found.names[m]));
  text += "\n";
  for (std::size_t m = 0; m < found.models.size(); ++m) text += fmt::format("{:>9}", fmt::format("weight {}", m + 1));
  text += fmt::format(" {:>12} {:>10} {:>9}\n", found.metric.name, "+-", "users");
  for (std::size_t p = 0; p < found.points.size(); ++p) {
    const BlendPoint& point = found.points[p];
    for (const double weight : point.weights) text += fmt::format("{:>9.4g}", weight);
    const std::string mark = p == found.best ? "  best" : "";
    const std::string single = single_name(found, point.weights);
    text += fmt::format(" {:>12.6f} {:>10} {:>9}{}{}\n", point.figures.value, half_width(point.figures.interval),
                        point.figures.users, mark, single.empty() ? "" : "  " + single);
  }
  return text +
         fmt::format("\n+-: half of the 95% interval. {}: {}\n", found.metric.name, definition_text(found.metric));
}

std::string blend_conclusion(const BlendSweep& found) {
  const BlendPoint& blend = found.points[found.best_blend];
  const BlendPoint& single = found.points[found.best_single];
  const std::string model = single_name(found, single.weights);
  const Interval& interval = found.difference.interval;
  const std::string numbers =
      fmt::format("{} {:.6f} and {:.6f}, difference {:+.6f}, 95% interval {:+.6f} to {:+.6f}, p {:.4g}",
                  found.metric.name, blend.figures.value, single.figures.value, found.difference.mean, interval.low,
                  interval.high, found.difference.p);
  if (found.is_better()) return fmt::format("the best blend is better than {} ({})", model, numbers);
  const bool is_ahead = found.difference.mean > 0;
  return fmt::format("the best blend is {} than {} ({}): take {}", is_ahead ? "not better for certain" : "not better",
                     model, numbers, model);
}

std::string blend_json(const BlendSweep& found) {
  Json json;
  json["format"] = 1;
  json["data"] = {{"file", found.data_file}, {"digest", fmt::format("{:016x}", found.data_digest)}};
  json["part"] = found.part;
  json["metric"] = found.metric.name;
  json["definition"] = definition_text(found.metric);
  json["seen"] = found.seen;
  json["scores"] = found.scores;
  json["step"] = found.step;
  json["models"] = Json::array();
  for (const ModelFacts& model : found.models) json["models"].push_back(model_json(model));
  json["users"] = found.points.front().figures.users;
  json["points"] = Json::array();
  for (const BlendPoint& point : found.points) json["points"].push_back(json_of(point));
  json["best_blend"] = json_of(found.points[found.best_blend]);
  json["best_model"] = json_of(found.points[found.best_single]);
  json["difference"] = json_of(found.difference);
  json["is_better"] = found.is_better();
  json["warnings"] = found.warnings;
  return json_text(json, 2) + "\n";
}

}  // namespace rankwise
