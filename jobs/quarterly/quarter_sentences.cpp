#include "jobs/quarterly/quarter_sentences.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

std::string metric_text(const Json& value) {
  return value.is_number() ? fmt::format("{:.4f}", value.get<double>()) : "not known";
}

std::string data_sentence(const Json& data) {
  const Json& rules = data.at("rules");
  std::string mostly;
  const auto largest =
      std::ranges::max_element(rules, [](const Json& a, const Json& b) { return a.at("rows") < b.at("rows"); });
  if (largest != rules.end() && largest->at("rows") > 0)
    mostly = fmt::format(", most of them ({}) by the rule {}", largest->at("rows").get<Index>(),
                         largest->at("rule").get<std::string>());
  return fmt::format("{} came in from {}; {} ({}) were left out{}. {} of {} and {} remain; the log has {} and {}.",
                     counted(data.at("rows_read"), "row"), counted(std::ssize(data.at("files")), "file"),
                     data.at("rows_left_out").get<Index>(), percent(data.at("share_left_out")), mostly,
                     counted(data.at("interactions"), "interaction"), counted(data.at("users_left"), "user"),
                     counted(data.at("items_left"), "item"), counted(data.at("users"), "user"),
                     counted(data.at("items"), "item"));
}

std::string quality_sentence(const Json& model) {
  const Json& metric = model.at("metrics").front();
  std::string text = fmt::format("The new {} has a {} of {}", model.at("model").get<std::string>(),
                                 metric.at("metric").get<std::string>(), metric_text(metric.at("value")));
  for (const Json& other : metric.at("others"))
    text += fmt::format(", {} {}", other.at("name").get<std::string>(), metric_text(other.at("value")));
  return text + ".";
}

std::string gate_sentence(const Json& model) {
  const Json& gate = model.at("gate");
  if (gate.is_null()) return {};
  const double bound = gate.at("lower_bound");
  const std::string margin = gate.at("margin") == 0
                                 ? "nothing worse is allowed"
                                 : fmt::format("{} worse is allowed", metric_text(gate.at("margin")));
  const std::string words = fmt::format(
      "its {} is at {} than that of last quarter's model (confidence {}), and {}", gate.at("metric").get<std::string>(),
      fmt::format(fmt::runtime(bound < 0 ? "worst {} worse" : "least {} better"), metric_text(std::fabs(bound))),
      percent(gate.at("confidence")), margin);
  std::string text = gate.at("passed") ? fmt::format("The new {} passed the gate and serves: {}.",
                                                     model.at("model").get<std::string>(), words)
                                       : fmt::format("The new {} is held back, and last quarter's still serves: {}.",
                                                     model.at("model").get<std::string>(), words);
  if (gate.at("against_may_know_heldout"))
    text += " Last quarter's model may know part of what was held out, and is then too good.";
  return text;
}

std::string segments_sentence(const Json& segments) {
  const auto is_segment = [](const Json& group) { return group.at("kind") == "segment"; };
  std::string text = fmt::format("{} are in {}.", counted(segments.at("customers"), "customer"),
                                 counted(std::ranges::count_if(segments.at("groups"), is_segment), "segment"));
  const Json& since = segments.at("since");
  if (since.is_null()) return text;
  text += fmt::format(" Last quarter there were {}.", counted(since.at("customers_before"), "customer"));
  if (since.at("sleeping").is_number())
    text += fmt::format(" {} of both quarters have not bought since.", counted(since.at("sleeping"), "customer"));
  return text;
}

std::string cost_sentence(const Json& costs) {
  return fmt::format("The steps took {:.1f} seconds, one after the other, and {:.4f} core hours.",
                     costs.at("seconds").get<double>(), costs.at("core_hours").get<double>());
}

}  // namespace

std::vector<std::string> quarter_sentences(const Json& numbers) {
  std::vector<std::string> sentences;
  if (!numbers.at("data").is_null()) sentences.push_back(data_sentence(numbers.at("data")));
  for (const Json& model : numbers.at("models")) {
    if (!model.at("metrics").empty()) sentences.push_back(quality_sentence(model));
    if (std::string text = gate_sentence(model); !text.empty()) sentences.push_back(std::move(text));
  }
  if (!numbers.at("segments").is_null()) sentences.push_back(segments_sentence(numbers.at("segments")));
  if (!numbers.at("costs").at("steps").empty()) sentences.push_back(cost_sentence(numbers.at("costs")));
  return sentences;
}

}  // namespace rankwise
