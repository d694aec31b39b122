#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <numeric>

#include "jobs/profile/printed_counts.hpp"
#include "jobs/propensity/propensity_report.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr std::size_t most_printed_terms = 30;
constexpr std::size_t most_sentences = 5;

/// Terms but the intercept, the surest first.
std::vector<std::size_t> surest_terms(const PropensityFindings& found) {
  std::vector<std::size_t> order(found.features.terms.size() - 1);
  std::iota(order.begin(), order.end(), std::size_t{1});
  const auto sureness = [&](std::size_t term) {
    const double ratio = std::abs(found.fit.coefficients[term]) / found.fit.standard_errors[term];
    return std::isnan(ratio) ? 0 : ratio;
  };
  std::ranges::stable_sort(order, [&](std::size_t one, std::size_t other) { return sureness(one) > sureness(other); });
  return order;
}

std::string quality_line(const PropensityFindings& found, const std::string& name, const PredictionQuality& quality) {
  if (found.model == RegressionModel::ridge) {
    return fmt::format("{:<28} {:>14.6g} {:>14.6g}\n", name, std::sqrt(quality.squared_error), quality.absolute_error);
  }
  return fmt::format("{:<28} {:>10.4f} {:>10.4f} {:>10.4f}\n", name, quality.ranking.auc, quality.log_loss,
                     quality.squared_error);
}

std::string effect_sentence(const PropensityFindings& found, std::size_t place) {
  const FeatureTerm& term = found.features.terms[place];
  const Interval interval = interval_of(found.fit.coefficients[place], found.fit.standard_errors[place]);
  const std::string who = term.kind == TermKind::number
                              ? fmt::format("{} higher by one standard deviation ({:.4g})", term.name(), term.deviation)
                              : term.name();
  if (found.model == RegressionModel::ridge) {
    return fmt::format("{}: {:+.4g} of money (95% interval {:.4g} to {:.4g}), all other terms being equal.", who,
                       found.fit.coefficients[place], interval.low, interval.high);
  }
  return fmt::format(
      "{}: the odds to buy are {:.2f} times as high (95% interval {:.2f} to {:.2f}), all other terms being "
      "equal.",
      who, std::exp(found.fit.coefficients[place]), std::exp(interval.low), std::exp(interval.high));
}

std::string period_text(const TargetOutcomes& outcomes) {
  if (outcomes.first_day.empty()) return "in the outcomes";
  return fmt::format("from {} to {}", outcomes.first_day, outcomes.last_day);
}

std::string quality_sentence(const PropensityFindings& found) {
  if (found.model == RegressionModel::ridge) {
    const double explained = 1 - found.quality.squared_error / found.baselines.front().quality.squared_error;
    return fmt::format(
        "Out of fold, the model explains {:.1f}% of how the money of customers differs; its predictions are "
        "wrong by {:.4g} on average.",
        100 * explained, found.quality.absolute_error);
  }
  const RankingQuality& ranking = found.quality.ranking;
  const Interval interval = interval_of(ranking.auc, ranking.standard_error);
  return fmt::format(
      "Of a buyer and another customer, the model gives the buyer the higher probability in {:.1f}% of "
      "cases (95% interval {:.1f} to {:.1f}); 50% is chance.",
      100 * ranking.auc, 100 * std::max(interval.low, 0.0), 100 * std::min(interval.high, 1.0));
}

std::string gain_sentence(const PropensityFindings& found, const BaselineFindings& baseline) {
  const Interval interval = interval_of(baseline.gain.mean, baseline.gain.standard_error);
  const std::string_view loss = found.model == RegressionModel::logistic ? "its log loss" : "half its squared error";
  const std::string_view verdict = interval.low > 0    ? "is better than"
                                   : interval.high < 0 ? "is worse than"
                                                       : "is about as good as";
  return fmt::format("The model {} {}: {} is {} by {:.4g} (95% interval of the gain {:.4g} to {:.4g}).", verdict,
                     baseline.name, loss, baseline.gain.mean < 0 ? "higher" : "lower", std::abs(baseline.gain.mean),
                     interval.low, interval.high);
}

}  // namespace

std::string propensity_table(const PropensityFindings& found) {
  const bool is_logistic = found.model == RegressionModel::logistic;
  std::string text = is_logistic
                         ? fmt::format("{:<28} {:>10} {:>10} {:>10}\n", "out of fold", "AUC", "log loss", "Brier")
                         : fmt::format("{:<28} {:>14} {:>14}\n", "out of fold", "RMSE", "mean error");
  text += quality_line(found, "model", found.quality);
  for (const BaselineFindings& baseline : found.baselines) text += quality_line(found, baseline.name, baseline.quality);
  text += fmt::format("\n{:>10} {:>12} {:>12}\n", "customers", "predicted", "came");
  for (const CalibrationRow& group : found.quality.groups)
    text += fmt::format("{:>10} {:>12.6g} {:>12.6g}\n", group.rows, group.mean_prediction, group.mean_outcome);
  text +=
      fmt::format("\n{:>12} {:>12} {:>12}  term (a number: of one standard deviation)\n", "coefficient", "from", "to");
  const std::vector<std::size_t> order = surest_terms(found);
  for (std::size_t t = 0; t < std::min(order.size(), most_printed_terms); ++t) {
    const Interval interval = interval_of(found.fit.coefficients[order[t]], found.fit.standard_errors[order[t]]);
    text += fmt::format("{:>12.6f} {:>12.6f} {:>12.6f}  {}\n", found.fit.coefficients[order[t]], interval.low,
                        interval.high, found.features.terms[order[t]].name());
  }
  if (order.size() > most_printed_terms)
    text += fmt::format("... and {} more: --json has all\n", order.size() - most_printed_terms);
  return text;
}

std::vector<std::string> propensity_sentences(const PropensityFindings& found, const TargetOutcomes& outcomes) {
  std::vector<std::string> sentences;
  const std::string target = found.target == "anything" || found.target == "money"
                                 ? std::string("something")
                                 : fmt::format("items with {}", found.target);
  const std::string who =
      found.printed_buyers()
          ? fmt::format("{} of {} ({})", found.buyers, counted(found.customers, "customer"),
                        percent(static_cast<double>(found.buyers) / static_cast<double>(found.customers)))
          : fmt::format("Nearly all of {}", counted(found.customers, "customer"));
  sentences.push_back(fmt::format("{} bought {} {}.", who, target, period_text(outcomes)));
  if (found.model == RegressionModel::ridge)
    sentences.push_back(fmt::format("On average a customer spent {:.4g}.", found.mean_outcome));
  sentences.push_back(quality_sentence(found));
  for (const BaselineFindings& baseline : found.baselines) sentences.push_back(gain_sentence(found, baseline));
  std::size_t told = 0;
  for (const std::size_t term : surest_terms(found)) {
    const Interval interval = interval_of(found.fit.coefficients[term], found.fit.standard_errors[term]);
    if (told == most_sentences || !(interval.low > 0 || interval.high < 0)) break;
    sentences.push_back(effect_sentence(found, term));
    ++told;
  }
  sentences.emplace_back(
      "These are things that go together, not causes: to change one need not change what customers buy.");
  return sentences;
}

std::vector<std::string> propensity_warnings(const PropensityFindings& found, const TargetOutcomes& outcomes) {
  std::vector<std::string> warnings = outcomes.doubts;
  if (found.without_purchase > 0) {
    warnings.push_back(
        fmt::format("{} of {} of the profile have no purchase until its day: nothing is learned from them, "
                    "since they are in it only because they bought later",
                    is_few(found.without_purchase) || is_few(found.customers) ? std::string("some")
                                                                              : std::to_string(found.without_purchase),
                    counted(found.customers + found.without_purchase, "user")));
  }
  const Index known = found.customers - outcomes.unknown_customers;
  if (outcomes.unknown_customers > 0) {
    const bool is_secret = is_few(outcomes.unknown_customers) || is_few(known);
    warnings.push_back(fmt::format("{} of {} of the profile are not in the outcomes: they count as buying nothing",
                                   is_secret ? std::string("some") : std::to_string(outcomes.unknown_customers),
                                   counted(found.customers, "customer")));
  }
  if (outcomes.new_customers > 0) {
    warnings.push_back(fmt::format("{} bought in the period, but are not in the profile: nothing is learned from them",
                                   is_few(outcomes.new_customers) ? std::string("fewer than 10 customers")
                                                                  : counted(outcomes.new_customers, "customer")));
  }
  if (outcomes.unpriced_lines > 0) {
    warnings.push_back(fmt::format("--money: {} of items without a number in this column {} as 0",
                                   counted(outcomes.unpriced_lines, "line"),
                                   verb(outcomes.unpriced_lines, "counts", "count")));
  }
  if (!found.features.imputed.empty()) {
    warnings.push_back(
        fmt::format("missing numbers count as the mean of their column, with a term that says so if ten "
                    "customers miss them: {}",
                    fmt::join(found.features.imputed, ", ")));
  }
  std::map<std::string, std::vector<std::string>> names_by_reason;
  for (const ColumnNote& note : found.dropped) names_by_reason[note.reason].push_back(note.column);
  for (const auto& [reason, names] : names_by_reason)
    warnings.push_back(fmt::format("left out ({}): {}", reason, fmt::join(names, ", ")));
  warnings.insert(warnings.end(), found.doubts.begin(), found.doubts.end());
  return warnings;
}

}  // namespace rankwise
