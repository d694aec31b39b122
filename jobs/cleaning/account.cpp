#include "jobs/cleaning/account.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "distributed/log/input_position.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

void RowAccount::take(std::string_view rule, Index dropped, Index changed, std::string note) {
  steps_.push_back({.rule = std::string(rule),
                    .rows_in = rows_,
                    .rows_out = rows_ - dropped,
                    .rows_changed = changed,
                    .note = std::move(note)});
  rows_ -= dropped;
}

void account_for_reading(RowAccount& account, const RejectedRows::Totals& rejected) {
  for (std::size_t r = 0; r < at(RowRule::forget); ++r) {
    if (rejected.counts[r] > 0) account.take(rule_name(static_cast<RowRule>(r)), rejected.counts[r]);
  }
}

void tell_account(Report& report, const RowAccount& account) {
  std::size_t width = 4;
  for (const AccountStep& step : account.steps()) width = std::max(width, step.rule.size());
  report.line(
      fmt::format("{:<{}}  {:>12}  {:>12}  {:>12}  {:>12}", "rule", width, "rows in", "taken", "changed", "rows out"));
  Index number = 0;
  for (const auto& [rule, rows_in, rows_out, rows_changed, note] : account.steps()) {
    report.line(fmt::format("{:<{}}  {:>12}  {:>12}  {:>12}  {:>12}{}{}", rule, width, rows_in, rows_in - rows_out,
                            rows_changed, rows_out, note.empty() ? "" : "  ", note));
    report.event("account_step", {{"step", ++number},
                                  {"rule", rule},
                                  {"unit", std::string("rows")},
                                  {"rows_in", rows_in},
                                  {"rows_out", rows_out},
                                  {"rows_changed", rows_changed},
                                  {"note", note}});
  }
  for (const auto& [part, interactions] : account.parts()) {
    report.line(fmt::format("{:<{}}  {:>12}", part, width, counted(interactions, "interaction")));
    report.event("account_part", {{"part", part}, {"interactions", interactions}});
  }
}

void tell_bad_rows(Report& report, const RejectedRows::Totals& rejected, const std::vector<std::string>& files) {
  constexpr std::size_t most_lines = 5;
  std::vector<std::pair<std::int64_t, std::size_t>> rules;  // by first place
  for (std::size_t r = 0; r < at(RowRule::forget); ++r) {
    if (rejected.counts[r] > 0) rules.emplace_back(rejected.first[r], r);
  }
  std::ranges::sort(rules);
  for (std::size_t i = 0; i < std::min(most_lines, rules.size()); ++i) {
    const auto& [first, r] = rules[i];
    const InputPosition place(first);
    report.line(fmt::format("rejected: {}: {}; the first is {}:{}", counted(rejected.counts[r], "row"),
                            rule_reason(static_cast<RowRule>(r)),
                            printable(files[static_cast<std::size_t>(place.file())]), place.line()));
  }
  if (rules.size() > most_lines) {
    report.line(fmt::format("and {} for which --quarantine FILE.csv has the rows",
                            counted(static_cast<Index>(rules.size() - most_lines), "other reason")));
  }
}

}  // namespace rankwise
