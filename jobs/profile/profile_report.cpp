#include "jobs/profile/profile_report.hpp"

#include <algorithm>
#include <array>
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

constexpr double greatest_class_share = 0.4;  // beyond it a class says little

using PrintedClasses = std::array<PrintedCount, midrank_classes>;

/// All or nothing: those of a class that is empty, too.
bool are_printed(const PrintedClasses& classes) {
  return std::ranges::all_of(classes, [](const PrintedCount& each) { return each.has_value(); });
}

std::string cell_text(const PrintedCount& count) {
  return count ? fmt::format("{}", *count) : std::string("few");
}

/// The extreme values of all are one person's each: the lowest class has no bound.
std::string bound_text(const RfmScore& score, std::size_t place) {
  const ClassBounds& bounds = score.classes.classes[place];
  if (place == 0 || bounds.count == 0) return "-";
  return fmt::format("{:.6g}", bound_of(score, bounds));
}

std::string class_table(const RfmScores& rfm, const PrintedCounts& printed) {
  std::string text = "class";
  for (const RfmScore& score : rfm.scores) {
    text +=
        fmt::format(" {:>22} {:>10}",
                    fmt::format("{} ({} {})", score.name, score.unit, score.is_reversed ? "to" : "from"), "customers");
  }
  text += "\n";
  for (std::size_t place = midrank_classes; place-- > 0;) {
    text += fmt::format("{:>5}", place + 1);
    for (std::size_t score = 0; score < rfm.scores.size(); ++score) {
      const PrintedClasses& counts = printed.classes[score];
      const bool has_some = std::ranges::any_of(counts, [](const PrintedCount& each) { return each.has_value(); });
      text += fmt::format(" {:>22} {:>10}", bound_text(rfm.scores[score], place),
                          has_some ? cell_text(counts[place]) : std::string("-"));
    }
    text += "\n";
  }
  return text;
}

struct ShownSegment {
  std::string name;
  PrintedCount customers;
};

std::vector<ShownSegment> shown_segments(const RfmScores& rfm, const PrintedCounts& printed) {
  std::vector<ShownSegment> shown;
  for (std::size_t place = 0; place < rfm.segments.size(); ++place)
    shown.push_back({rfm.segments[place].name, printed.segments[place]});
  if (rfm.without_segment > 0) shown.push_back({"(no segment)", printed.segments.back()});
  return shown;
}

std::string segment_table(const RfmScores& rfm, const PrintedCounts& printed) {
  std::string text;
  for (const ShownSegment& segment : shown_segments(rfm, printed))
    text += fmt::format("{:>20} {:>12}\n", segment.name, cell_text(segment.customers));
  return text;
}

/// Classes that are empty, or have too many customers to say something; empty if there are none. If numbers are not
/// printed, shares and empty classes are not either, as they would give numbers back.
std::string class_warning(const RfmScore& score, const PrintedClasses& counts) {
  const bool has_numbers = are_printed(counts);
  std::vector<std::string> empty;
  std::vector<std::string> full;
  for (std::size_t place = 0; place < midrank_classes; ++place) {
    const Index count = score.classes.classes[place].count;
    const double share = static_cast<double>(count) / static_cast<double>(score.classes.count);
    if (count == 0 && has_numbers) empty.push_back(fmt::format("{}", place + 1));
    if (share <= greatest_class_share) continue;
    full.push_back(
        fmt::format("class {} has {} of customers", place + 1,
                    has_numbers ? percent(share) : fmt::format("more than {:.0f}%", 100 * greatest_class_share)));
  }
  if (!empty.empty()) full.push_back(fmt::format("nobody is in class {}", fmt::join(empty, ", ")));
  if (full.empty()) return {};
  return fmt::format("{}: {}, because many have equal values", score.name, fmt::join(full, "; "));
}

std::vector<std::string> class_warnings(const ProfileFindings& findings) {
  std::vector<std::string> warnings;
  if (!findings.rfm || findings.customers == 0) return warnings;
  for (std::size_t score = 0; score < findings.rfm->scores.size(); ++score) {
    std::string warning = class_warning(findings.rfm->scores[score], findings.printed.classes[score]);
    if (!warning.empty()) warnings.push_back(std::move(warning));
  }
  return warnings;
}

Json classes_json(const RfmScore& score, const PrintedClasses& counts) {
  Json classes = Json::array();
  for (std::size_t place = 0; place < midrank_classes; ++place) {
    const ClassBounds& bounds = score.classes.classes[place];
    const bool has_bound = place > 0 && bounds.count > 0;
    classes.push_back({{"class", place + 1},
                       {score.is_reversed ? "to" : "from", has_bound ? Json(bound_of(score, bounds)) : Json(nullptr)},
                       {"customers", count_json(counts[place])}});
  }
  return {{"unit", score.unit}, {"classes", std::move(classes)}};
}

/// Customers by class of recency and of frequency, if each combination has least_printed of them or none, and nothing
/// else is hidden: what is hidden of some could be worked out from sizes of segments and classes.
Json recency_frequency_json(const RfmScores& rfm, const PrintedCounts& printed) {
  const bool has_recency = !rfm.segments.empty();
  const bool are_known = has_recency && printed.customers && are_printed(printed.classes[0]) &&
                         are_printed(printed.classes[1]) && std::ranges::none_of(rfm.recency_frequency, is_few);
  if (!are_known) {
    return {{"cells", nullptr},
            {"left_out", has_recency ? "a combination of classes has fewer than 10 customers, or another number would "
                                       "give such a one back"
                                     : "there is no recency"}};
  }
  Json cells = Json::array();
  for (std::size_t cell = 0; cell < rfm.recency_frequency.size(); ++cell) {
    cells.push_back({{"recency", cell / midrank_classes + 1},
                     {"frequency", cell % midrank_classes + 1},
                     {"customers", rfm.recency_frequency[cell]}});
  }
  return {{"cells", std::move(cells)}, {"left_out", nullptr}};
}

Json rfm_json(const ProfileFindings& findings) {
  const RfmScores& rfm = *findings.rfm;
  Json json = Json::object();
  for (std::size_t score = 0; score < rfm.scores.size(); ++score)
    json[rfm.scores[score].name] = classes_json(rfm.scores[score], findings.printed.classes[score]);
  Json segments = Json::object();
  if (!rfm.segments.empty()) {
    for (const ShownSegment& segment : shown_segments(rfm, findings.printed))
      segments[segment.name] = count_json(segment.customers);
  }
  json["segments"] = std::move(segments);
  json["recency_frequency"] = recency_frequency_json(rfm, findings.printed);
  json["warnings"] = class_warnings(findings);
  return json;
}

/// What is known of users, and of how many it is not.
void warn_of_users(Report& report, const ProfileFindings& findings) {
  if (findings.without_factors > 0) {
    report.warning(fmt::format("--factors: the model does not know {} of {}, who have no factors",
                               number_text(findings.printed_without_factors(), findings.without_factors),
                               counted(findings.users, "user")));
  }
  const Index others = findings.users - findings.customers;
  if (findings.has_orders && others > 0) {
    report.warning(
        fmt::format("{} of {} without a purchase until then: their rows have no values but returns and money",
                    number_text(findings.printed.without_purchase, others), counted(findings.users, "user")));
  }
}

}  // namespace

PrintedCount ProfileFindings::printed_without_factors() const {
  if (is_few(without_factors) || is_few(users - without_factors)) return std::nullopt;
  return without_factors;
}

std::string profile_table(const ProfileFindings& findings) {
  std::string text;
  if (findings.rfm && findings.customers > 0) text += class_table(*findings.rfm, findings.printed);
  if (findings.rfm && !findings.rfm->segments.empty()) text += "\n" + segment_table(*findings.rfm, findings.printed);
  if (findings.value) text += "\n" + lifetime_table(*findings.value, findings.printed);
  return text;
}

void tell_profile(Report& report, const ProfileFindings& findings) {
  for (const std::string& reason : findings.left_out) report.warning("left out: " + reason);
  if (findings.later_orders > 0)
    report.line(fmt::format("{} after the day of the analysis left out", counted(findings.later_orders, "order")));
  warn_of_users(report, findings);
  if (!findings.has_orders) return;
  if (findings.unpriced_lines > 0) {
    report.warning(fmt::format("--money: {} of items without a number in this column {} as 0",
                               counted(findings.unpriced_lines, "line"),
                               verb(findings.unpriced_lines, "counts", "count")));
  }
  report.event("profiled", {{"users", findings.users},
                            {"customers", count_field(findings.printed.customers)},
                            {"only_returns", count_field(findings.printed.only_returns)},
                            {"later_orders", findings.later_orders},
                            {"unpriced_lines", findings.unpriced_lines},
                            {"analysis_day", findings.analysis_day}});
  for (const std::string& warning : class_warnings(findings)) report.warning(warning);
  if (!findings.value) return;
  for (const std::string& doubt : doubts_about(*findings.value, findings.printed)) report.warning(doubt);
  tell_lifetime(report, *findings.value, findings.printed);
}

nlohmann::ordered_json profile_json(const ProfileOptions& options, const ProfileFindings& findings) {
  Json json{{"data",
             {{"file", std::filesystem::path(options.data).filename().string()},
              {"digest", fmt::format("{:016x}", findings.data_digest)}}},
            {"analysis_day", findings.analysis_day.empty() ? Json(nullptr) : Json(findings.analysis_day)},
            {"users", findings.users},
            {"customers", count_json(findings.printed.customers)},
            {"only_returns", count_json(findings.printed.only_returns)},
            {"later_orders", findings.later_orders},
            {"unpriced_lines", findings.unpriced_lines},
            {"without_factors", count_json(findings.printed_without_factors())},
            {"left_out", findings.left_out}};
  if (findings.rfm && findings.customers > 0) json["rfm"] = rfm_json(findings);
  if (findings.value) json["lifetime"] = lifetime_json(*findings.value, findings.printed, options);
  return json;
}

}  // namespace rankwise
