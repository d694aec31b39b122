#include "jobs/campaign/list_lines.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "io/text/csv_field.hpp"
#include "kernels/campaign/offer_value.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// 1.5 of 1500000: exact.
std::string decimal_text(std::int64_t value_millionths) {
  const bool is_negative = value_millionths < 0;
  const std::uint64_t size =
      is_negative ? 0 - static_cast<std::uint64_t>(value_millionths) : static_cast<std::uint64_t>(value_millionths);
  std::string text = fmt::format("{}{}", is_negative ? "-" : "", size / millionths);
  if (size % millionths == 0) return text;
  text += fmt::format(".{:06}", size % millionths);
  text.resize(text.find_last_not_of('0') + 1);
  return text;
}

/// Fine units as money.
double money_of(std::int64_t fine) {
  return std::ldexp(static_cast<double>(fine), -tie_bits) / 1e6;
}

std::string number_text(double number) {
  return fmt::format("{}", number);
}

std::string json_string(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

ListLines::ListLines(const CampaignRun& run, const ListFormat& format, Reasons reasons)
    : run_(run), format_(format), reasons_(reasons) {}

std::vector<ListLines::Field> ListLines::fields(const ListEntry& entry) const {
  const CampaignProposal& proposal = run_.proposal;
  const CampaignAssignment& assignment = proposal.assignment;
  const auto customer = static_cast<std::size_t>(entry.customer);
  const std::int32_t segment = assignment.segment_of[customer];
  const std::string segment_name = segment < 0 ? std::string() : assignment.segments[static_cast<std::size_t>(segment)];
  const bool has_integer_ids = std::holds_alternative<std::vector<std::int64_t>>(assignment.ids.ids);
  if (entry.entry == ListEntry::no_offer) {
    std::vector<Field> fields{{"user", id_text(assignment.ids.ids, entry.customer), has_integer_ids},
                              {"group", std::string(group_word(assignment.groups[customer]))},
                              {"segment", segment_name}};
    for (const char* name : {"offer", "channel"}) fields.push_back({name, {}});
    fields.push_back({"value", {}, true});
    if (reasons_ == Reasons::none) return fields;
    for (const char* name : {"probability", "margin", "uplift", "cost", "offer_price", "budget_price", "net_value"})
      fields.push_back({name, {}, true});
    return fields;
  }
  const auto offer = static_cast<std::size_t>(assignment.lines.offers[entry.entry]);
  const std::int64_t value = assignment.lines.value_millionths[entry.entry];
  std::vector<Field> fields{{"user", id_text(assignment.ids.ids, entry.customer), has_integer_ids},
                            {"group", std::string(group_word(assignment.groups[customer]))},
                            {"segment", segment_name},
                            {"offer", assignment.offers.names[offer]},
                            {"channel", assignment.offers.channels[offer]},
                            {"value", decimal_text(value), true}};
  if (reasons_ == Reasons::none) return fields;
  const std::int32_t probability = proposal.values.probability(entry.customer, offer);
  const std::optional<std::int64_t> uplift = proposal.values.uplift(entry.customer, offer);
  const double own = money_of(proposal.search.prices.own[offer]);
  const double budget = std::ldexp(static_cast<double>(proposal.search.prices.budget), -40);
  const double cost = static_cast<double>(assignment.offers.cost_millionths[offer]) / 1e6;
  fields.push_back({"probability", probability < 0 ? std::string() : decimal_text(probability), true});
  fields.push_back({"margin", decimal_text(assignment.offers.margin_millionths[offer]), true});
  fields.push_back({"uplift", uplift ? decimal_text(*uplift) : std::string(), true});
  fields.push_back({"cost", decimal_text(assignment.offers.cost_millionths[offer]), true});
  fields.push_back({"offer_price", number_text(own), true});
  fields.push_back({"budget_price", number_text(budget), true});
  fields.push_back({"net_value", number_text(static_cast<double>(value) / 1e6 - own - budget * cost), true});
  return fields;
}

std::string ListLines::encoded(const Field& field) const {
  if (format_.layout == ListLayout::json_lines) {
    if (field.text.empty()) return "null";
    return field.is_number ? field.text : json_string(field.text);
  }
  const bool is_text = !field.is_number && format_.readers == TextReaders::spreadsheets;
  const std::string safe = is_text ? spreadsheet_text(field.text) : field.text;
  return format_.layout == ListLayout::tsv ? tsv_field(safe) : csv_field(safe);
}

std::string ListLines::header() const {
  if (format_.layout == ListLayout::json_lines) return {};
  std::vector<std::string> names{"user", "group", "segment", "offer", "channel", "value"};
  if (reasons_ == Reasons::all) {
    for (const char* name : {"probability", "margin", "uplift", "cost", "offer_price", "budget_price", "net_value"})
      names.emplace_back(name);
  }
  std::string text(format_.readers == TextReaders::spreadsheets ? byte_order_mark : "");
  for (std::size_t n = 0; n < names.size(); ++n)
    text += (n == 0 ? "" : format_.layout == ListLayout::tsv ? "\t" : ",") + names[n];
  return text + "\n";
}

std::string ListLines::line(const ListEntry& entry) const {
  std::string text;
  const bool is_json = format_.layout == ListLayout::json_lines;
  for (const Field& field : fields(entry)) {
    text += text.empty() ? (is_json ? "{" : "") : (format_.layout == ListLayout::tsv ? "\t" : ",");
    if (is_json) text += json_string(field.name) + ":";
    text += encoded(field);
  }
  return text + (is_json ? "}\n" : "\n");
}

std::vector<TableColumn> ListLines::columns(const std::vector<ListEntry>& entries) const {
  const CampaignAssignment& assignment = run_.proposal.assignment;
  // Names of categories, the same on every rank, ascending.
  std::map<std::string, std::vector<std::string>> names;
  names["group"] = {"control", "global_control", "treated"};
  names["segment"] = assignment.segments;
  names["offer"] = assignment.offers.names;
  names["channel"] = assignment.offers.channels;
  std::vector<TableColumn> columns;
  const std::vector<std::string> numbers{"value", "probability", "margin",       "uplift",
                                         "cost",  "offer_price", "budget_price", "net_value"};
  for (const char* name : {"group", "segment", "offer", "channel"}) {
    std::vector<std::string>& all = names[name];
    std::erase(all, std::string());
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    columns.push_back({name, Categories{{}, all}});
  }
  for (std::size_t n = 0; n < (reasons_ == Reasons::all ? numbers.size() : 1); ++n)
    columns.push_back({numbers[n], Numbers{}});
  for (const ListEntry& entry : entries) {
    const std::vector<Field> row = fields(entry);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const Field& field = row[c + 1];  // after the user
      if (auto* const categories = std::get_if<Categories>(&columns[c].values)) {
        const auto place = std::ranges::lower_bound(categories->categories, field.text);
        categories->codes.push_back(field.text.empty()
                                        ? Categories::missing
                                        : static_cast<std::int32_t>(place - categories->categories.begin()));
      } else {
        std::get<Numbers>(columns[c].values)
            .push_back(finite_number(field.text).value_or(std::numeric_limits<double>::quiet_NaN()));
      }
    }
  }
  return columns;
}

}  // namespace rankwise
