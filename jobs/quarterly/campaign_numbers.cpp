#include "jobs/quarterly/campaign_numbers.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <string>

#include "jobs/quarterly/step_results.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

/// Of a step that measures one campaign.
Json measured_numbers(const Json& report) {
  if (report.contains("pending")) {
    const Json& pending = report.at("pending");
    const std::string text =
        fmt::format("Not measured yet: the campaign ends at {} (UTC), and the log ends at {}.",
                    pending.at("ends").get<std::string>(), pending.at("log_ends").get<std::string>());
    return {{"campaign", pending.at("campaign")}, {"verdict", "pending"}, {"sentences", {text}},
            {"caveats", Json::array()},           {"treated", nullptr},   {"control", nullptr}};
  }
  if (report.contains("unmeasured")) {
    const Json& unmeasured = report.at("unmeasured");
    const std::string file = unmeasured.at("assignment").get<std::string>();
    const std::string text = fmt::format("Cannot be measured: {}", unmeasured.at("reason").get<std::string>());
    return {{"campaign", std::filesystem::path(file).stem().string()},
            {"verdict", "unmeasured"},
            {"sentences", {text}},
            {"caveats", Json::array()},
            {"treated", nullptr},
            {"control", nullptr}};
  }
  const Json& campaign = report.at("campaigns").at(0);
  Json numbers = Json::object();
  for (const char* name : {"campaign", "verdict", "sentences", "caveats", "treated", "control"})
    numbers[name] = campaign.at(name);
  return numbers;
}

std::string plan_sentence(const Json& plan) {
  const Json& customers = plan.at("customers");
  std::string text = fmt::format(
      "From {} (UTC): of {}, {} get an offer, {} are held out, and {} are never contacted. Expected value {:.2f}, cost "
      "{:.2f}",
      plan.at("start").get<std::string>(), counted(customers.at("eligible"), "eligible customer"),
      customers.at("with_an_offer").get<Index>(), customers.at("controls").get<Index>(),
      customers.at("global_controls").get<Index>(), plan.at("value").get<double>(), plan.at("spending").get<double>());
  if (!plan.at("budget").is_null()) text += fmt::format(" of a budget of {:.2f}", plan.at("budget").get<double>());
  return text + ".";
}

Json planned_numbers(const Json& plan) {
  Json numbers{{"campaign", plan.at("campaign")},   {"goal", plan.at("goal")},   {"start", plan.at("start")},
               {"customers", plan.at("customers")}, {"value", plan.at("value")}, {"spending", plan.at("spending")},
               {"budget", plan.at("budget")},       {"offers", Json::array()}};
  for (const Json& offer : plan.at("offers")) {
    Json one = Json::object();
    for (const char* name : {"name", "could_get_it", "intended", "sent", "value", "spending"})
      one[name] = offer.at(name);
    numbers["offers"].push_back(std::move(one));
  }
  numbers["sentences"] = {plan_sentence(plan)};
  return numbers;
}

}  // namespace

Json campaign_numbers(const Chain& chain) {
  Json measured = Json::array();
  Json planned = Json::array();
  for (const ChainStep& step : chain.steps) {
    const std::string path = output_of(chain, step.name, ".json");
    if (step.name.starts_with("measure-")) measured.push_back(made_of(path, measured_numbers));
    if (step.name.starts_with("campaign-")) planned.push_back(made_of(path, planned_numbers));
  }
  if (measured.empty() && planned.empty()) return nullptr;
  return {{"measured", std::move(measured)}, {"planned", std::move(planned)}};
}

}  // namespace rankwise
