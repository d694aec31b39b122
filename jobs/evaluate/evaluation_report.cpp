#include "jobs/evaluate/evaluation_report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr std::array seen_words{"exclude", "allow", "only"};  // by SeenItems

void tell_ratings(Report& report, const RatingCounts& counts, const Objective& objective) {
  if (counts.cold > 0) {
    report.line(fmt::format("{} of {} {} of a user or an item without a training entry: the prediction is the mean{}",
                            counts.cold, counted(counts.ratings, "held-out rating"), verb(counts.cold, "is", "are"),
                            objective.biases ? " and the known biases" : ""));
  }
  report.event("ratings", {{"ratings", counts.ratings},
                           {"cold_users", counts.cold_users},
                           {"cold_items", counts.cold_items},
                           {"cold", counts.cold}});
}

double baseline_value(const MetricFigures& figures) {
  return figures.baselines.empty() ? std::nan("") : figures.baselines.front().figures.value;
}

}  // namespace

const char* seen_word(SeenItems seen) {
  return seen_words[static_cast<std::size_t>(seen)];
}

void tell_rankings(Report& report, const RankingCounts& counts) {
  if (counts.popular_users > 0) {
    report.line(fmt::format("{} of {} {} no training entry and {} served the popular items", counts.popular_users,
                            counted(counts.users, "user"), verb(counts.popular_users, "has", "have"),
                            verb(counts.popular_users, "is", "are")));
  }
  if (counts.described_users > 0) {
    report.line(fmt::format("{} of {} {} no training entry and {} served by {} features", counts.described_users,
                            counted(counts.users, "user"), verb(counts.described_users, "has", "have"),
                            verb(counts.described_users, "is", "are"),
                            verb(counts.described_users, "the user's", "their")));
  }
  if (counts.described_targets > 0) {
    report.line(fmt::format("{} of {} {} of an item without a training entry, which lists have by its features",
                            counts.described_targets, counted(counts.targets, "held-out pair"),
                            verb(counts.described_targets, "is", "are")));
  }
  if (counts.cold_targets > 0) {
    report.line(fmt::format("{} of {} {} of an item without a training entry, which no list has", counts.cold_targets,
                            counted(counts.targets, "held-out pair"), verb(counts.cold_targets, "is", "are")));
  }
  if (counts.left_out > 0) {
    report.line(fmt::format("{} {} left out: --seen keeps the item out of the list",
                            counted(counts.left_out, "held-out pair"), verb(counts.left_out, "is", "are")));
  }
  report.event("rankings", {{"users", counts.users},
                            {"popular_users", counts.popular_users},
                            {"targets", counts.targets},
                            {"cold_targets", counts.cold_targets},
                            {"left_out", counts.left_out},
                            {"described_users", counts.described_users},
                            {"described_targets", counts.described_targets}});
}

void tell_evaluation(Report& report, const Evaluation& evaluation, const Objective& objective) {
  report.line(fmt::format("{} of {}", counted(evaluation.interactions, "held-out interaction"),
                          counted(evaluation.users, "user")));
  if (evaluation.ratings) tell_ratings(report, *evaluation.ratings, objective);
  if (evaluation.rankings) tell_rankings(report, *evaluation.rankings);
  for (const MetricFigures& figures : evaluation.metrics) {
    report.event("metric", {{"metric", figures.metric.name},
                            {"model", figures.model.value},
                            {"standard_error", figures.model.standard_error},
                            {"baseline", baseline_value(figures)},
                            {"vs_baseline", figures.vs_baseline().value_or(std::nan(""))},
                            {"worse_than_baseline", Index{figures.is_worse() ? 1 : 0}}});
  }
}

std::string worse_warning(const std::vector<MetricFigures>& metrics) {
  std::vector<std::string> worse;
  for (const MetricFigures& figures : metrics) {
    if (!figures.is_worse() || !figures.metric.is_of_accuracy()) continue;
    const BaselineFigures& baseline = figures.baselines.front();
    worse.push_back(fmt::format("{} {:.6f}, {} {:.6f}", figures.metric.name, figures.model.value,
                                baseline.name == "biases" ? "mean and biases" : baseline.name, baseline.figures.value));
  }
  if (worse.empty()) return {};
  return fmt::format("the model is worse than its baseline: {}", fmt::join(worse, "; "));
}

std::string useless_blend_warning(const std::vector<MetricFigures>& metrics, const std::vector<std::string>& parts) {
  std::vector<std::string> useless;
  for (const MetricFigures& figures : metrics) {
    if (!figures.metric.is_of_accuracy()) continue;
    const BaselineFigures* best = nullptr;
    for (const BaselineFigures& baseline : figures.baselines) {
      if (std::ranges::find(parts, baseline.name) == parts.end()) continue;
      if (best == nullptr || figures.metric.is_better(baseline.figures.value, best->figures.value)) best = &baseline;
    }
    if (best == nullptr || best->difference.interval.low > 0) continue;
    useless.push_back(fmt::format("{} {:.6f}, {} alone {:.6f} (95% interval of the difference {:.6f} to {:.6f})",
                                  figures.metric.name, figures.model.value, best->name, best->figures.value,
                                  best->difference.interval.low, best->difference.interval.high));
  }
  if (useless.empty()) return {};
  return fmt::format("the blend is not better for certain than one of its models: {}", fmt::join(useless, "; "));
}

}  // namespace rankwise
