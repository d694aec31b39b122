#include "jobs/quarterly/quarter_numbers.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <optional>

#include "io/dataset/dataset.hpp"
#include "jobs/quarterly/campaign_numbers.hpp"
#include "jobs/quarterly/model_numbers.hpp"
#include "jobs/quarterly/quarter_sentences.hpp"
#include "jobs/quarterly/step_results.hpp"
#include "jobs/run/version.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string folder_name(const std::string& directory) {
  return encoded_text(fs::path(directory).filename().string());
}

/// What came in, what each rule took, and what is left. The last step merges rows into interactions.
Json data_numbers(const Chain& chain, const Json& report, const Json& before) {
  const auto read = report.at("rows_read").get<std::int64_t>();
  const Json& steps = report.at("steps");
  const std::int64_t kept = steps.empty() ? read : steps.back().at("rows_in").get<std::int64_t>();
  const auto share = [](std::int64_t part, std::int64_t of) {
    return of == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(of);
  };
  Json rules = Json::array();
  for (const Json& step : steps) {
    const auto taken = step.at("rows_in").get<std::int64_t>() - step.at("rows_out").get<std::int64_t>();
    if (&step == &steps.back() || (taken == 0 && step.at("rows_changed") == 0)) continue;
    rules.push_back({{"rule", step.at("rule")},
                     {"rows", taken},
                     {"share", share(taken, read)},
                     {"rows_changed", step.at("rows_changed")},
                     {"note", step.at("note")}});
  }
  const DatasetReader dataset(Communicator::single(), chain.products.data, std::nullopt, TrainedOn::all,
                              InputCheck::none);
  const auto interactions = report.at("interactions").get<std::int64_t>();
  Json parts = Json::array();
  for (const auto& [part, count] : report.at("parts").items())
    parts.push_back(
        {{"part", part}, {"interactions", count}, {"share", share(count.get<std::int64_t>(), interactions)}});
  return {{"files", report.at("files")},
          {"rows_read", read},
          {"rows_left_out", read - kept},
          {"share_left_out", share(read - kept, read)},
          {"rules", std::move(rules)},
          {"rows_merged", kept - interactions},
          {"interactions", interactions},
          {"parts", std::move(parts)},
          {"users_left", dataset.all_users()},
          {"items_left", dataset.items()},
          {"users", report.at("profile").at("users")},
          {"items", report.at("profile").at("items")},
          {"before", before}};
}

/// The numbers of last quarter's data, which its own page has.
Json data_before(const Json& previous) {
  if (previous.is_null() || previous.at("data").is_null()) return nullptr;
  const Json& data = previous.at("data");
  Json before = Json::object();
  for (const char* name : {"rows_read", "rows_left_out", "share_left_out", "interactions", "users", "items"})
    before[name] = data.at(name);
  for (const char* name : {"users_left", "items_left"}) before[name] = data.value(name, Json(nullptr));
  return before;
}

/// Who has moved to another segment, most first; who stayed is in none of them.
Json moves_of(const Json& changes) {
  constexpr std::size_t most = 12;
  std::vector<Json> moves;
  for (const Json& cell : changes.at("migration")) {
    const Json& from = cell.at("from");
    const Json& to = cell.at("to");
    const auto stays = [&](const Json& match) { return match.at("segment") == to && match.at("before") == from; };
    const bool is_printed = cell.at("customers").is_number() && cell.at("customers") > 0;
    if (from == "(all)" || to == "(all)" || !is_printed || std::ranges::any_of(changes.at("matches"), stays)) continue;
    moves.push_back({{"from", from}, {"to", to}, {"customers", cell.at("customers")}});
  }
  std::ranges::stable_sort(moves, [](const Json& a, const Json& b) { return a.at("customers") > b.at("customers"); });
  moves.resize(std::min(moves.size(), most));
  return moves;
}

Json changes_numbers(const Json& changes) {
  if (changes.is_null()) return nullptr;
  Json sleeping = nullptr;
  for (const Json& segment : changes.at("sleeping")) {
    if (segment.at("segment") == "(all)") sleeping = segment.at("customers");
  }
  return {{"customers_before", changes.at("customers_before")},
          {"matches", changes.at("matches")},
          {"moves", moves_of(changes)},
          {"sleeping", sleeping}};
}

Json segments_numbers(const Json& report) {
  Json groups = Json::array();
  for (const Json& segment : report.at("segments")) {
    const Json& money = segment.at("money");
    groups.push_back({{"name", segment.at("name")},
                      {"kind", segment.at("kind")},
                      {"customers", segment.at("customers")},
                      {"share", segment.at("share")},
                      {"money", money.is_null() ? Json(nullptr) : money.at("sum")},
                      {"money_share", money.is_null() ? Json(nullptr) : money.at("share")}});
  }
  return {{"customers", report.at("customers")},
          {"money", report.at("money")},
          {"groups", std::move(groups)},
          {"since", changes_numbers(report.at("changes"))}};
}

Json customers_numbers(const Json& report) {
  Json json{{"analysis_day", report.value("analysis_day", Json(nullptr))},
            {"users", report.at("users")},
            {"customers", report.at("customers")},
            {"classes", Json::array()}};
  const auto rfm = report.find("rfm");
  if (rfm == report.end() || rfm->is_null()) return json;
  for (const auto& [name, customers] : rfm->at("segments").items())
    json["classes"].push_back({{"class", name}, {"customers", customers}});
  return json;
}

Json lists_numbers(const Chain& chain, const std::vector<std::optional<StepRecord>>& records) {
  Json lists = Json::array();
  for (std::size_t place = 0; place < chain.steps.size(); ++place) {
    const ChainStep& step = chain.steps[place];
    if (!step.name.starts_with("recommend") || !records[place]) continue;
    const std::string& path = step.outputs.front();
    lists.push_back(
        {{"step", step.name}, {"file", from_folder(chain, path)}, {"bytes", records[place]->outputs.at(path).bytes}});
  }
  return lists;
}

/// Of the last run of each step; trials of a sweep are jobs of their own.
Json cost_numbers(const Chain& chain, const std::vector<std::optional<StepRecord>>& records, const Json& previous) {
  constexpr double seconds_of_hour = 3600;
  Json steps = Json::array();
  double seconds = 0;
  double core_hours = 0;
  for (std::size_t place = 0; place < chain.steps.size(); ++place) {
    if (!records[place] || !records[place]->cost) continue;
    const StepCost& cost = *records[place]->cost;
    const double own = cost.seconds * static_cast<double>(cost.ranks * cost.threads) / seconds_of_hour;
    steps.push_back({{"step", chain.steps[place].name},
                     {"seconds", cost.seconds},
                     {"ranks", cost.ranks},
                     {"threads", cost.threads},
                     {"core_hours", own},
                     {"peak_memory_bytes", cost.peak_memory_bytes}});
    seconds += cost.seconds;
    core_hours += own;
  }
  Json trials = nullptr;
  const auto sweep = std::ranges::find_if(chain.steps, [](const ChainStep& step) { return !step.sweep.empty(); });
  if (sweep != chain.steps.end()) {
    trials = made_of((fs::path(sweep->sweep) / "results" / "summary.json").string(),
                     [](const Json& summary) { return summary.at("core_hours").at("measured"); });
  }
  if (trials.is_number()) core_hours += trials.get<double>();
  return {{"steps", std::move(steps)},
          {"seconds", seconds},
          {"trials_core_hours", trials},
          {"core_hours", core_hours},
          {"core_hours_before", previous.is_null() ? Json(nullptr) : previous.at("costs").at("core_hours")}};
}

Json step_warnings(const Chain& chain, const std::vector<std::optional<StepRecord>>& records) {
  Json warnings = Json::array();
  for (std::size_t place = 0; place < chain.steps.size(); ++place) {
    if (!records[place]) continue;
    for (const std::string& text : records[place]->warnings)
      warnings.push_back({{"step", chain.steps[place].name}, {"text", encoded_text(text)}});
    const std::string kept = made_before(chain, place, records);
    if (!kept.empty()) warnings.push_back({{"step", chain.steps[place].name}, {"text", encoded_text(kept)}});
  }
  for (const std::string& text : chain.warnings) warnings.push_back({{"step", "page"}, {"text", encoded_text(text)}});
  return warnings;
}

/// Pages of steps, by the step's name.
Json page_links(const Chain& chain) {
  Json pages = Json::array();
  const auto add = [&](const std::string& step, const std::string& path) {
    pages.push_back({{"step", step}, {"file", from_folder(chain, path)}});
  };
  for (const ChainStep& step : chain.steps) {
    if (!step.sweep.empty()) add(step.name, (fs::path(step.sweep) / "results" / "report.html").string());
    for (const std::string& path : step.outputs) {
      if (!step.makes_page && (path.ends_with(".html") || path.ends_with(".htm"))) add(step.name, path);
    }
  }
  return pages;
}

Json previous_link(const Chain& chain) {
  const QuarterFiles& previous = chain.previous;
  if (previous == QuarterFiles()) return nullptr;
  const std::string folder = fs::path(previous.page).parent_path().string();
  return {{"name", previous.page.empty() ? Json(nullptr) : Json(folder_name(folder))},
          {"page", previous.page.empty() ? Json(nullptr) : Json(from_folder(chain, previous.page))}};
}

}  // namespace

Json quarter_numbers(const Chain& chain, const std::vector<std::optional<StepRecord>>& records) {
  // Of a chain's page, or of any file that has its costs.
  const Json previous = made_of(chain.previous.numbers, [](const Json& numbers) {
    (void)numbers.at("costs").at("core_hours");
    (void)numbers.at("data");
    return numbers;
  });
  Json variables = Json::object();
  for (const auto& [name, value] : chain.variables) variables[encoded_text(name)] = encoded_text(value);
  Json json{{"kind", "quarter"},
            {"version", program_version()},
            {"name", folder_name(chain.settings.directory)},
            {"variables", std::move(variables)},
            {"previous", previous_link(chain)},
            {"sentences", Json::array()},
            {"warnings", step_warnings(chain, records)}};
  const Json before = made_of(chain.previous.numbers, data_before);
  json["data"] = made_of(output_of(chain, "prepare", ".json"),
                         [&](const Json& report) { return data_numbers(chain, report, before); });
  json["models"] = model_numbers(chain);
  json["customers"] = made_of(output_of(chain, "profile", ".json"), customers_numbers);
  json["segments"] = made_of(output_of(chain, "segments", ".json"), segments_numbers);
  json["campaigns"] = campaign_numbers(chain);
  json["lists"] = lists_numbers(chain, records);
  json["costs"] = cost_numbers(chain, records, previous);
  json["pages"] = page_links(chain);
  json["sentences"] = quarter_sentences(json);
  return json;
}

}  // namespace rankwise
