#include "jobs/campaign/measure/measure_table.hpp"

#include <cmath>
#include <fmt/format.h>

#include "jobs/campaign/measure/verdict.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

/// "12.3% (4.5% to 20.1%)", "12.3%" without an interval, "-" if there is nothing to divide by.
std::string lift_text(const Effect& lift) {
  if (!std::isfinite(lift.value)) return "-";
  if (!std::isfinite(lift.interval.low)) return percent(lift.value);
  return fmt::format("{} ({} to {})", percent(lift.value), percent(lift.interval.low), percent(lift.interval.high));
}

std::string count_text(Index count, Index least_group) {
  return count > 0 && count < least_group ? fmt::format("fewer than {}", least_group) : std::to_string(count);
}

std::string outcome_name(const Comparison& comparison) {
  const std::string word(outcome_word(comparison.outcome));
  if (!comparison.cut) return word;
  return comparison.is_printed ? fmt::format("{}, cut at {}", word, number_text(*comparison.cut)) : word + ", cut";
}

std::string outcome_line(const Comparison& comparison) {
  const std::string name = outcome_name(comparison);
  if (!comparison.is_printed) return fmt::format("  {:<28}  not printed\n", name);
  std::string line =
      fmt::format("  {:<28}  {:>10}  {:>10}  {:>10}  {:<24}  {:<12}  {}\n", name,
                  number_text(outcome_moments(comparison.treated.sums).mean),
                  number_text(outcome_moments(comparison.control.sums).mean), number_text(comparison.difference.value),
                  interval_text(comparison.difference), p_text(comparison.difference.p), lift_text(comparison.lift));
  if (comparison.adjusted) {
    line += fmt::format(
        "  {:<28}  {:>10}  {:>10}  {:>10}  {:<24}  {:<12}  {}\n", "  by past spend", "", "",
        number_text(comparison.adjusted->value), interval_text(*comparison.adjusted), p_text(comparison.adjusted->p),
        std::isfinite(comparison.adjusted_lift->value) ? percent(comparison.adjusted_lift->value) : "-");
  }
  return line;
}

std::string cell_lines(const std::string& title, const std::vector<CellComparison>& cells) {
  if (cells.empty()) return {};
  std::string text = fmt::format("  {:<28}  {:>10}  {:>10}  {:>10}  {:<24}  {}\n", title, "treated", "controls",
                                 "difference", "95% interval", "adjusted p");
  for (const CellComparison& cell : cells) {
    const std::string name = cell.decile > 0           ? fmt::format("tenth {}", cell.decile)
                             : cell.segment != "(all)" ? cell.segment
                                                       : cell.offer;
    text += fmt::format("  {:<28}  {:>10}  {:>10}  {:>10}  {:<24}  {}\n", name, cell.comparison.treated.sums.customers,
                        cell.comparison.control.sums.customers, number_text(cell.comparison.difference.value),
                        interval_text(cell.comparison.difference), p_text(cell.p_adjusted));
  }
  return text;
}

}  // namespace

std::string measure_table(const CampaignFindings& findings, Index least_group) {
  std::string text = fmt::format(
      "campaign {}: {} treated, {} controls, {} never contacted; from {} for {:.6g} days\n", findings.terms.campaign,
      count_text(findings.customers[0], least_group), count_text(findings.customers[1], least_group),
      count_text(findings.customers[2], least_group), utc_text(findings.terms.start_microseconds / millionths),
      static_cast<double>(findings.terms.horizon_seconds) / seconds_per_day);
  if (findings.sample_ratio && !findings.hides_sizes(least_group)) {
    text += fmt::format("  sizes of the groups: chi-square {}, {}\n", number_text(findings.sample_ratio->chi_square),
                        p_equation(findings.sample_ratio->p));
  }
  if (findings.verdict != CampaignVerdict::sample_ratio && !findings.comparisons.empty()) {
    text += fmt::format("  {:<28}  {:>10}  {:>10}  {:>10}  {:<24}  {:<12}  {}\n", "per customer of the list", "treated",
                        "controls", "difference", "95% interval", "p", "relative");
    for (const Comparison& comparison : findings.comparisons) text += outcome_line(comparison);
    text += cell_lines("segment", findings.segments);
    text += cell_lines("offer", findings.offers);
    text += cell_lines("expected value, lowest first", findings.deciles);
  }
  for (const std::string& sentence : findings.sentences) text += sentence + "\n";
  for (const std::string& caveat : findings.caveats) text += fmt::format("But: {}.\n", caveat);
  return text;
}

}  // namespace rankwise
