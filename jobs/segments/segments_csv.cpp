#include "jobs/segments/segments_csv.hpp"

#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string_view>

#include "io/config/json_text.hpp"
#include "io/text/csv_field.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

class Lines {
 public:
  void add(std::string_view part, const std::string& segment, const std::string& attribute, const std::string& value,
           std::string_view measure, const Json& number) {
    text_ +=
        fmt::format("{},{},{},{},{},{}\n", part, csv_field(segment), csv_field(attribute), csv_field(value), measure,
                    number.is_null()     ? ""
                    : number.is_string() ? csv_field(number.get<std::string>())
                                         : number.dump());
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_ = "part,segment,attribute,value,measure,number\n";
};

void add_numbers(const std::string& segment, const Json& numbers, Lines& lines) {
  for (const Json& column : numbers) {
    for (const std::string_view measure : {"lower_quartile", "median", "upper_quartile", "trimmed_mean"})
      lines.add("numbers", segment, column.at("column"), "", measure, column.at(std::string(measure)));
  }
}

void add_fit(const std::string& segment, const Json& fit, Lines& lines) {
  if (fit.is_null()) return;
  for (const auto& [measure, number] : fit.items()) {
    if (measure != "points") lines.add("fit", segment, "", "", measure, number);
  }
}

void add_segment(const Json& segment, Lines& lines) {
  const std::string name = segment.at("name");
  lines.add("segments", name, "", "", "customers", segment.at("customers"));
  lines.add("segments", name, "", "", "share", segment.at("share"));
  if (!segment.at("money").is_null()) {
    for (const std::string_view measure : {"sum", "share", "per_customer"})
      lines.add("money", name, "", "", measure, segment.at("money").at(std::string(measure)));
  }
  add_fit(name, segment.at("fit"), lines);
  for (const Json& reason : segment.at("reasons")) lines.add("reasons", name, "", "", "text", reason);
  add_numbers(name, segment.at("numbers"), lines);
  for (const Json& lift : segment.at("lifts")) {
    const std::string attribute = lift.at("attribute");
    const std::string value = lift.at("value");
    for (const std::string_view measure : {"customers", "share", "share_elsewhere", "lift", "test", "p", "p_adjusted"})
      lines.add("lifts", name, attribute, value, measure, lift.at(std::string(measure)));
    lines.add("lifts", name, attribute, value, "interval_low", lift.at("interval").at(0));
    lines.add("lifts", name, attribute, value, "interval_high", lift.at("interval").at(1));
  }
  for (const Json& item : segment.at("recommended")) {
    lines.add("recommended", name, "item", item.at("item"), "customers", item.at("customers"));
    lines.add("recommended", name, "item", item.at("item"), "share", item.at("share"));
  }
  for (const Json& customer : segment.at("typical_customers"))
    lines.add("typical_customers", name, "", "", "pseudonym", customer);
}

void add_changes(const Json& changes, Lines& lines) {
  lines.add("before", "", "", "", "customers", changes.at("customers_before"));
  for (const Json& group : changes.at("before"))
    lines.add("before", group.at("name"), "", "", "customers", group.at("customers"));
  for (const Json& match : changes.at("matches")) {
    const std::string before = match.at("before").is_null() ? "" : match.at("before").get<std::string>();
    lines.add("matches", match.at("segment"), "before", before, "common", match.at("common"));
  }
  for (const Json& cell : changes.at("migration")) {
    for (const std::string_view measure : {"customers", "money_before", "money_now"})
      lines.add("migration", cell.at("to"), "from", cell.at("from"), measure, cell.at(std::string(measure)));
  }
  for (const Json& sleeping : changes.at("sleeping"))
    lines.add("sleeping", sleeping.at("segment"), "", "", "customers", sleeping.at("customers"));
  if (changes.at("drift").is_null()) return;
  for (const Json& column : changes.at("drift")) {
    for (const std::string_view measure :
         {"stability_index", "test", "statistic", "p", "p_adjusted", "median_before", "median_now"})
      lines.add("drift", "", column.at("column"), "", measure, column.at(std::string(measure)));
  }
}

}  // namespace

std::string segments_csv(const Json& json) {
  Lines lines;
  for (const std::string_view measure :
       {"customers", "money", "least_group", "segments_pooled", "segments_empty", "customers_in_no_segment",
        "customers_outside_data", "cells_tested", "cells_hidden"})
    lines.add("all", "", "", "", measure, json.at(std::string(measure)));
  for (const Json& sentence : json.at("sentences")) lines.add("sentences", "", "", "", "text", sentence);
  for (const Json& segment : json.at("segments")) add_segment(segment, lines);
  add_fit("(all)", json.at("fit"), lines);
  add_numbers("(all)", json.at("overall"), lines);
  if (!json.at("changes").is_null()) add_changes(json.at("changes"), lines);
  for (const Json& reason : json.at("left_out")) lines.add("left_out", "", "", "", "text", reason);
  return lines.text();
}

}  // namespace rankwise
