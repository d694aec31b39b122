#include "jobs/cleaning/cleaning_report.hpp"

#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "io/page/report_page.hpp"

namespace rankwise {

extern const std::string_view cleaning_report_page;  // jobs/cleaning/cleaning_page.html

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const RowAccount& account) {
  Json steps = Json::array();
  for (const AccountStep& step : account.steps()) {
    steps.push_back({{"rule", step.rule},
                     {"unit", "rows"},
                     {"rows_in", step.rows_in},
                     {"rows_out", step.rows_out},
                     {"rows_changed", step.rows_changed},
                     {"note", step.note}});
  }
  return steps;
}

Json json_of(const LogProfile& profile) {
  Json values = Json::array();
  for (const ValueBin& bin : profile.values)
    values.push_back({{"from", bin.least}, {"to", bin.most}, {"rows", bin.rows}});
  Json popularity = Json::array();
  for (const auto& [rank, users] : profile.popularity) popularity.push_back({{"rank", rank}, {"users", users}});
  Json times = Json::array();
  for (const auto& [begin, rows] : profile.times) times.push_back({{"begin", begin}, {"rows", rows}});
  return {{"rows", profile.rows},
          {"users", profile.users},
          {"items", profile.items},
          {"values", values},
          {"values_below", profile.values_below},
          {"values_above", profile.values_above},
          {"users_by_items", profile.users_by_items},
          {"popularity", popularity},
          {"times", times}};
}

Json json_of(const CleaningReport& report) {
  Json missing = Json::object();
  for (const auto& [role, rows] : report.missing) missing[role] = rows;
  Json parts = Json::object();
  for (const auto& [part, interactions] : report.account.parts()) parts[part] = interactions;
  return {{"files", report.files},
          {"rows_read", report.rows_read},
          {"missing", missing},
          {"steps", json_of(report.account)},
          {"interactions", report.account.rows()},
          {"parts", parts},
          {"profile", json_of(report.profile)}};
}

}  // namespace

std::string report_text(const std::string& path, const CleaningReport& report) {
  constexpr int indent = 2;
  const std::string json = json_text(json_of(report), indent);
  if (path.ends_with(".html") || path.ends_with(".htm")) return report_page(cleaning_report_page, json);
  return json + "\n";
}

}  // namespace rankwise
