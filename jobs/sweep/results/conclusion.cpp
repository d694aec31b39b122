#include "jobs/sweep/results/conclusion.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "jobs/evaluate/metrics.hpp"

namespace rankwise {

namespace {

const char* fold_word(const SweepPlan& plan) {
  return trains_on_folds(plan.job) ? "fold" : "seed";
}

/// What differences are taken on: "the same 3 folds".
std::string pairs_text(const SweepResults& results) {
  const SweepPlan& plan = results.plan;
  if (results.paired_users() > 0) return fmt::format("the same {} users", results.paired_users());
  const char* name = fold_word(plan);
  if (plan.folds.size() == 1) return fmt::format("the one {}", name);
  return fmt::format("the same {} {}s", plan.folds.size(), name);
}

std::string simplest_text(const SweepPlan& plan) {
  switch (plan.job) {
    case SweptJob::als:
      return "fewest factors, then the most regularization";
    case SweptJob::itemcf:
      return "fewest neighbours, then similarities before a ridge";
    case SweptJob::kmeans:
      break;
  }
  return "fewest clusters";
}

std::string choice_text(const SweepResults& results) {
  const SweepPlan& plan = results.plan;
  const std::size_t best = results.ranked.front().trial + 1;
  const std::size_t chosen = results.winner().trial + 1;
  const auto compared = std::ranges::count(results.ranked, results.ranked.front().rung, &TrialScore::rung);
  const std::size_t as_good = results.as_good.size();
  const Index epochs = plan.rungs[results.ranked.front().rung].epochs;
  const std::string of_all = compared == 1 ? "the only trial"
                             : plan.rungs.size() > 1
                                 ? fmt::format("the best of the {} trials with {} epochs", compared, epochs)
                                 : fmt::format("the best of {} trials", compared);
  if (plan.rule == SelectionRule::best || compared == 1) {
    return fmt::format("Trial {} is {}: {} {:.6f}.", chosen, of_all, plan.metric(), results.winner().mean);
  }
  if (plan.folds.size() == 1 && results.paired_users() == 0) {
    return fmt::format(
        "Trial {} is {}: {} {:.6f}. One {} has no pairs of values, so that the best is chosen, not the simplest of "
        "those that are as good.",
        chosen, of_all, plan.metric(), results.winner().mean, fold_word(plan));
  }
  if (chosen == best && as_good == 1) {
    return fmt::format(
        "Trial {} is {}: {} {:.6f}. Each other trial is worse by more than one standard error of the difference.",
        chosen, of_all, plan.metric(), results.winner().mean);
  }
  if (chosen == best) {
    return fmt::format(
        "Trial {} is {}, and the simplest ({}) of the {} that are as good within one standard error of the difference: "
        "{} {:.6f}.",
        chosen, of_all, simplest_text(plan), as_good, plan.metric(), results.winner().mean);
  }
  const PairedTest& behind = results.winner().behind_best;
  return fmt::format(
      "Trial {} is the simplest ({}) of {} trials that are as good as the best, trial {}: {} {:.6f} is worse by "
      "{:.6f}, which is not more than {:.6f}, one standard error of the difference on {}.",
      chosen, simplest_text(plan), as_good, best, plan.metric(), results.winner().mean, behind.difference,
      behind.standard_error, pairs_text(results));
}

}  // namespace

std::string baseline_name(const SweepPlan& plan) {
  if (!trains_on_folds(plan.job)) return {};
  return parse_metrics(plan.metric()).front().ranks() ? "lists by popularity" : "mean and biases alone";
}

bool loses_to_baseline(const SweepResults& results) {
  const double baseline = results.winner().baseline;
  if (!std::isfinite(baseline)) return false;
  const double gain = results.winner().mean - baseline;
  return results.plan.direction == Direction::maximize ? gain <= 0 : gain >= 0;
}

std::string conclusion_text(const SweepResults& results) {
  const TrialScore& winner = results.winner();
  std::string text = choice_text(results);
  if (!std::isfinite(winner.baseline)) return text;
  const double gain = std::abs(winner.mean - winner.baseline);
  const std::string name = baseline_name(results.plan);
  if (!loses_to_baseline(results)) {
    return text + fmt::format(" It beats {} ({:.6f}) by {:.6f}.", name, winner.baseline, gain);
  }
  return text + fmt::format(" It does not beat {}: {:.6f} there, a difference of {:.6f}.", name, winner.baseline, gain);
}

std::string table_legend(const SweepResults& results) {
  const SweepPlan& plan = results.plan;
  if (plan.folds.size() == 1 && results.paired_users() == 0) {
    return fmt::format("behind best: difference from trial {} on {}; its interval would need several",
                       results.ranked.front().trial + 1, pairs_text(results));
  }
  const char* correction =
      trains_on_folds(plan.job) && plan.folds.size() > 1 ? ", corrected for training data that folds share" : "";
  return fmt::format(
      "behind best: mean difference from trial {} on {}; 95% +-: half of the interval of that difference by Student's "
      "t{}; as good: behind by at most one standard error of it",
      results.ranked.front().trial + 1, pairs_text(results), correction);
}

}  // namespace rankwise
