#include "jobs/profile/profile_report.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "jobs/profile/lifetime_report.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

constexpr Index least_printed = 10;           // persons of whom a number is printed
constexpr double greatest_class_share = 0.4;  // beyond it a class says little

bool is_few(Index customers) {
  return customers > 0 && customers < least_printed;
}

/// Whether counts can be printed: if one of them is small, the others and their sum would tell it.
bool are_printable(const RfmScore& score) {
  return std::ranges::none_of(score.classes.classes, [](const ClassBounds& each) { return is_few(each.count); });
}

/// The extreme values of all are one person's each: the lowest class has no bound.
std::string bound_text(const RfmScore& score, std::size_t place) {
  const ClassBounds& bounds = score.classes.classes[place];
  if (place == 0 || bounds.count == 0) return "-";
  return fmt::format("{:.6g}", bound_of(score, bounds));
}

std::string class_table(const RfmScores& rfm) {
  std::string text = "class";
  for (const RfmScore& score : rfm.scores) {
    text +=
        fmt::format(" {:>22} {:>10}",
                    fmt::format("{} ({} {})", score.name, score.unit, score.is_reversed ? "to" : "from"), "customers");
  }
  text += "\n";
  for (std::size_t place = midrank_classes; place-- > 0;) {
    text += fmt::format("{:>5}", place + 1);
    for (const RfmScore& score : rfm.scores) {
      const std::string count =
          are_printable(score) ? fmt::format("{}", score.classes.classes[place].count) : std::string("few");
      text += fmt::format(" {:>22} {:>10}", bound_text(score, place), count);
    }
    text += "\n";
  }
  return text;
}

/// Of fewer than ten customers a segment has no number; nor has then the smallest one beside it, which the sum would
/// tell.
std::vector<bool> printable_sizes(const std::vector<Index>& sizes) {
  std::vector<bool> printable;
  for (const Index size : sizes) printable.push_back(!is_few(size));
  if (std::ranges::count(printable, false) != 1) return printable;
  std::size_t smallest = sizes.size();
  for (std::size_t place = 0; place < sizes.size(); ++place) {
    if (printable[place] && sizes[place] > 0 && (smallest == sizes.size() || sizes[place] < sizes[smallest]))
      smallest = place;
  }
  if (smallest < sizes.size()) printable[smallest] = false;
  return printable;
}

struct ShownSegment {
  std::string name;
  std::optional<Index> customers;  ///< nothing: few
};

std::vector<ShownSegment> shown_segments(const RfmScores& rfm) {
  std::vector<Index> sizes;
  for (const SegmentSize& segment : rfm.segments) sizes.push_back(segment.customers);
  sizes.push_back(rfm.without_segment);
  const std::vector<bool> printable = printable_sizes(sizes);
  std::vector<ShownSegment> shown;
  for (std::size_t place = 0; place < sizes.size(); ++place) {
    const bool is_rest = place == rfm.segments.size();
    if (is_rest && sizes[place] == 0) continue;
    shown.push_back({is_rest ? "(no segment)" : rfm.segments[place].name,
                     printable[place] ? std::optional(sizes[place]) : std::nullopt});
  }
  return shown;
}

std::string segment_table(const RfmScores& rfm) {
  std::string text;
  for (const ShownSegment& segment : shown_segments(rfm)) {
    text += fmt::format("{:>20} {:>12}\n", segment.name,
                        segment.customers ? fmt::format("{}", *segment.customers) : std::string("few"));
  }
  return text;
}

/// Classes that are empty, or have too many customers to say something; empty if there are none.
std::string class_warning(const RfmScore& score) {
  std::vector<std::string> empty;
  std::vector<std::string> full;
  for (std::size_t place = 0; place < midrank_classes; ++place) {
    const Index count = score.classes.classes[place].count;
    const double share = static_cast<double>(count) / static_cast<double>(score.classes.count);
    if (count == 0) empty.push_back(fmt::format("{}", place + 1));
    if (share > greatest_class_share)
      full.push_back(fmt::format("class {} has {} of customers", place + 1, percent(share)));
  }
  if (!empty.empty()) full.push_back(fmt::format("nobody is in class {}", fmt::join(empty, ", ")));
  if (full.empty()) return {};
  return fmt::format("{}: {}, because many have equal values", score.name, fmt::join(full, "; "));
}

Json classes_json(const RfmScore& score) {
  Json classes = Json::array();
  const bool printable = are_printable(score);
  for (std::size_t place = 0; place < midrank_classes; ++place) {
    const ClassBounds& bounds = score.classes.classes[place];
    const bool has_bound = place > 0 && bounds.count > 0;
    classes.push_back({{"class", place + 1},
                       {score.is_reversed ? "to" : "from", has_bound ? Json(bound_of(score, bounds)) : Json(nullptr)},
                       {"customers", printable ? Json(bounds.count) : Json(nullptr)}});
  }
  return {{"unit", score.unit}, {"classes", std::move(classes)}};
}

Json rfm_json(const RfmScores& rfm) {
  Json json = Json::object();
  Json warnings = Json::array();
  for (const RfmScore& score : rfm.scores) {
    json[score.name] = classes_json(score);
    if (std::string warning = class_warning(score); !warning.empty()) warnings.push_back(std::move(warning));
  }
  Json segments = Json::object();
  if (!rfm.segments.empty()) {
    for (const ShownSegment& segment : shown_segments(rfm))
      segments[segment.name] = segment.customers ? Json(*segment.customers) : Json(nullptr);
  }
  json["segments"] = std::move(segments);
  json["warnings"] = std::move(warnings);
  return json;
}

}  // namespace

std::string profile_table(const ProfileFindings& findings) {
  std::string text;
  if (findings.rfm && findings.customers > 0) text += class_table(*findings.rfm);
  if (findings.rfm && !findings.rfm->segments.empty()) text += "\n" + segment_table(*findings.rfm);
  if (findings.value) text += "\n" + lifetime_table(*findings.value);
  return text;
}

void tell_profile(Report& report, const ProfileFindings& findings) {
  for (const std::string& reason : findings.left_out) report.line("left out: " + reason);
  if (findings.later_orders > 0)
    report.line(fmt::format("{} after the day of the analysis left out", counted(findings.later_orders, "order")));
  if (findings.without_factors > 0) {
    report.warning(fmt::format("--factors: the model does not know {} of {}, who have no factors",
                               findings.without_factors, counted(findings.users, "user")));
  }
  if (!findings.has_orders) return;
  const Index others = findings.users - findings.customers;
  if (others > 0) {
    report.warning(fmt::format("{} of {} without an order until then: their rows have no values but returns and money",
                               others, counted(findings.users, "user")));
  }
  if (findings.unpriced_lines > 0) {
    report.warning(fmt::format("--money: {} of items without a number in this column {} as 0",
                               counted(findings.unpriced_lines, "line"),
                               verb(findings.unpriced_lines, "counts", "count")));
  }
  report.event("profiled", {{"users", findings.users},
                            {"customers", findings.customers},
                            {"only_returns", findings.only_returns},
                            {"later_orders", findings.later_orders},
                            {"unpriced_lines", findings.unpriced_lines},
                            {"analysis_day", findings.analysis_day}});
  if (findings.rfm && findings.customers > 0) {
    for (const RfmScore& score : findings.rfm->scores) {
      if (const std::string warning = class_warning(score); !warning.empty()) report.warning(warning);
    }
  }
  if (!findings.value) return;
  for (const std::string& doubt : doubts_about(*findings.value)) report.warning(doubt);
  tell_lifetime(report, *findings.value);
}

std::string profile_json(const ProfileOptions& options, const ProfileFindings& findings) {
  Json json{{"data",
             {{"file", std::filesystem::path(options.data).filename().string()},
              {"digest", fmt::format("{:016x}", findings.data_digest)}}},
            {"analysis_day", findings.analysis_day.empty() ? Json(nullptr) : Json(findings.analysis_day)},
            {"users", findings.users},
            {"customers", findings.customers},
            {"only_returns", findings.only_returns},
            {"later_orders", findings.later_orders},
            {"unpriced_lines", findings.unpriced_lines},
            {"without_factors", findings.without_factors},
            {"left_out", findings.left_out}};
  if (findings.rfm && findings.customers > 0) json["rfm"] = rfm_json(*findings.rfm);
  if (findings.value) json["lifetime"] = lifetime_json(*findings.value, options);
  return json_text(json, 2) + "\n";
}

}  // namespace rankwise
