#include "jobs/campaign/measure/verdict.hpp"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// "revenue per customer", "share of buyers".
std::string outcome_text(Outcome outcome) {
  return outcome == Outcome::buyers ? "the share of buyers" : fmt::format("{} per customer", outcome_word(outcome));
}

constexpr double least_printed_p = 0.0001;

bool is_found(const Effect& effect) {
  return effect.p < significance;
}

CampaignVerdict verdict_of(const CampaignFindings& findings) {
  if (findings.customers[control_place] == 0 || findings.customers[treated_place] == 0)
    return CampaignVerdict::no_control;
  if (findings.sample_ratio && findings.sample_ratio->is_alarm()) return CampaignVerdict::sample_ratio;
  const Comparison* const deciding = findings.deciding();
  if (deciding == nullptr || !deciding->is_printed) return CampaignVerdict::too_few;
  if (!(findings.p_adjusted < significance)) return CampaignVerdict::none_found;
  return deciding->difference.value > 0 ? CampaignVerdict::raised : CampaignVerdict::lowered;
}

void say_without_controls(CampaignFindings& findings, Index least_group) {
  auto& say = findings.sentences;
  say.push_back(
      fmt::format("No verdict: there is no {} group. Every customer of the list {} the campaign, so nothing "
                  "shows what they would have bought {} it.",
                  findings.customers[control_place] == 0 ? "control" : "treated",
                  findings.customers[control_place] == 0 ? "got" : "was left out of",
                  findings.customers[control_place] == 0 ? "without" : "with"));
  if (findings.before_and_after && findings.before_and_after->is_printed) {
    say.push_back(
        fmt::format("They spent {} per customer in the time before and {} in the campaign's time. This proves "
                    "nothing: seasons, prices and other campaigns change spending too, and customers who were "
                    "chosen since they bought much buy less afterwards even if nobody writes to them.",
                    number_text(findings.before_and_after->before), number_text(findings.before_and_after->after)));
  }
  if (findings.redeemed_share) {
    say.push_back(std::isnan(*findings.redeemed_share)
                      ? fmt::format("How many took the offer up is not printed: fewer than {} did, or fewer did not.",
                                    least_group)
                      : fmt::format("{} of them took the offer up. Some of these would have bought anyway.",
                                    percent(*findings.redeemed_share)));
  }
  say.emplace_back("To know what the next campaign brings, hold out a part of its list: hold-out = 10%.");
}

void say_sample_ratio(CampaignFindings& findings, Index least_group) {
  const Index treated = findings.customers[treated_place];
  const Index control = findings.customers[control_place];
  const double expected = findings.expected_shares[control_place] /
                          (findings.expected_shares[treated_place] + findings.expected_shares[control_place]);
  const auto share = static_cast<double>(control) / static_cast<double>(treated + control);
  const std::string sizes =
      !findings.hides_sizes(least_group)
          ? fmt::format(
                "{} of {} customers are controls ({}), {} were expected; chance makes so large a difference "
                "with a probability {}",
                control, treated + control, percent(share), percent(expected),
                findings.sample_ratio->p < least_printed_p ? p_text(findings.sample_ratio->p)
                                                           : "of " + p_text(findings.sample_ratio->p))
          : fmt::format(
                "A group has fewer than {} customers; {} of treated and controls together were expected to be "
                "controls; chance makes so large a difference with a probability below {}",
                least_group, percent(expected), sample_ratio_alarm);
  findings.sentences.push_back(fmt::format(
      "No verdict: the groups do not have the sizes that they were drawn to have. {}. Customers are missing "
      "from one group, so the groups are no longer alike. Find where the list lost them.",
      sizes));
}

void say_effect(CampaignFindings& findings) {
  const Comparison& deciding = *findings.deciding();
  const Effect& difference = deciding.difference;
  const std::string of_lift =
      std::isnan(deciding.lift.value) ? "" : fmt::format(", a change of {}", percent(deciding.lift.value));
  findings.sentences.push_back(
      fmt::format("The campaign {} {} by {} (95% interval {}; {}): {} of treated customers, {} of controls{}.",
                  findings.verdict == CampaignVerdict::raised ? "raised" : "lowered", outcome_text(deciding.outcome),
                  number_text(std::abs(difference.value)), interval_text(difference), p_equation(findings.p_adjusted),
                  number_text(outcome_moments(deciding.treated.sums).mean),
                  number_text(outcome_moments(deciding.control.sums).mean), of_lift));
}

void say_none_found(CampaignFindings& findings) {
  const Comparison& deciding = *findings.deciding();
  findings.sentences.push_back(fmt::format("No effect on {} was found: the difference is {} (95% interval {}; {}).",
                                           outcome_text(deciding.outcome), number_text(deciding.difference.value),
                                           interval_text(deciding.difference), p_equation(findings.p_adjusted)));
  findings.sentences.push_back(
      fmt::format("This is no proof that there is none: groups of these sizes see an effect of {} or more in 80% of "
                  "campaigns.",
                  number_text(findings.least_detectable)));
}

/// Whether the numbers beside the deciding one say the same.
void say_agreement(CampaignFindings& findings) {
  const Comparison& deciding = *findings.deciding();
  const bool found = findings.verdict != CampaignVerdict::none_found;
  if (deciding.adjusted && is_found(*deciding.adjusted) != found) {
    findings.caveats.push_back(
        fmt::format("adjusted by past spend the difference is {} ({}; {}), which would {} be taken for an effect",
                    number_text(deciding.adjusted->value), interval_text(*deciding.adjusted),
                    p_equation(deciding.adjusted->p), found ? "not" : "alone"));
  }
  if (!is_money(deciding.outcome)) return;
  const Comparison& cut = findings.comparisons[findings.primary + 1];
  if (cut.is_printed && is_found(cut.difference) != found) {
    findings.caveats.push_back(
        fmt::format("with the largest 0.1% of amounts cut the difference is {} ({}; {}): a few customers decide",
                    number_text(cut.difference.value), interval_text(cut.difference), p_equation(cut.difference.p)));
  }
}

void say_return(CampaignFindings& findings) {
  if (!findings.return_on_cost) return;
  const ReturnOnCost& money = *findings.return_on_cost;
  if (!findings.filters.empty()) {
    findings.sentences.push_back(
        fmt::format("It cost {}. Whether it paid is not known: the dataset of outcomes leaves purchases out ({}).",
                    number_text(money.cost), fmt::join(findings.filters, ", ")));
    return;
  }
  const std::string extra = fmt::format("The extra margin of all treated customers is {} (95% interval {})",
                                        number_text(money.margin.value), interval_text(money.margin));
  const std::string of_each =
      money.interval.low > 0 || money.interval.high < 0
          ? fmt::format("after the cost is paid, {} remains for each 1.00 spent", number_text(money.ratio))
          : std::string("whether it paid is not known");
  findings.sentences.push_back(fmt::format("It cost {}. {}: {}.", number_text(money.cost), extra, of_each));
}

}  // namespace

std::string_view outcome_word(Outcome outcome) {
  constexpr std::array<std::string_view, 4> words{"buyers", "orders", "revenue", "margin"};
  return words[static_cast<std::size_t>(outcome)];
}

Outcome outcome_of(CampaignGoal goal) {
  switch (goal) {
    case CampaignGoal::revenue:
      return Outcome::revenue;
    case CampaignGoal::margin:
      return Outcome::margin;
    case CampaignGoal::orders:
      return Outcome::orders;
    case CampaignGoal::buyers:
      return Outcome::buyers;
  }
  return Outcome::revenue;
}

std::string_view verdict_word(CampaignVerdict verdict) {
  constexpr std::array<std::string_view, 6> words{"no-control", "sample-ratio", "too-few",
                                                  "raised",     "lowered",      "none-found"};
  return words[static_cast<std::size_t>(verdict)];
}

std::string number_text(double number) {
  if (!std::isfinite(number)) return "unknown";
  const double size = std::abs(number);
  const int decimals = size >= 100 || size == 0 ? 2 : size >= 1 ? 3 : size >= 0.01 ? 4 : 6;
  return fmt::format("{:.{}f}", number, decimals);
}

std::string interval_text(const Effect& effect) {
  if (!std::isfinite(effect.interval.low) || !std::isfinite(effect.interval.high)) return "unknown";
  return fmt::format("{} to {}", number_text(effect.interval.low), number_text(effect.interval.high));
}

std::string p_text(double p) {
  if (p < least_printed_p) return fmt::format("below {}", least_printed_p);
  return fmt::format("{:.4f}", p);
}

std::string p_equation(double p) {
  return p < least_printed_p ? fmt::format("p < {}", least_printed_p) : fmt::format("p = {:.4f}", p);
}

void judge(CampaignFindings& findings, Index least_group, std::size_t campaigns) {
  findings.verdict = verdict_of(findings);
  switch (findings.verdict) {
    case CampaignVerdict::no_control:
      say_without_controls(findings, least_group);
      break;
    case CampaignVerdict::sample_ratio:
      say_sample_ratio(findings, least_group);
      break;
    case CampaignVerdict::too_few:
      findings.sentences.push_back(
          fmt::format("No verdict: fewer than {} customers of a group have an outcome, or one of them has more than "
                      "half of the money.",
                      least_group));
      break;
    case CampaignVerdict::raised:
    case CampaignVerdict::lowered:
      say_effect(findings);
      break;
    case CampaignVerdict::none_found:
      say_none_found(findings);
      break;
  }
  if (findings.verdict == CampaignVerdict::raised || findings.verdict == CampaignVerdict::lowered ||
      findings.verdict == CampaignVerdict::none_found) {
    say_agreement(findings);
    say_return(findings);
    if (campaigns > 1) {
      findings.caveats.push_back(
          fmt::format("p is adjusted for {} campaigns (Benjamini and Hochberg); of this one alone it is {}", campaigns,
                      p_text(findings.deciding()->difference.p)));
    }
  }
}

}  // namespace rankwise
