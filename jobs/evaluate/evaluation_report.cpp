#include "jobs/evaluate/evaluation_report.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
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
                            {"left_out", counts.left_out}});
}

void tell_evaluation(Report& report, const Evaluation& evaluation, const Objective& objective) {
  report.line(fmt::format("{} of {}", counted(evaluation.interactions, "held-out interaction"),
                          counted(evaluation.users, "user")));
  if (evaluation.ratings) tell_ratings(report, *evaluation.ratings, objective);
  if (evaluation.rankings) tell_rankings(report, *evaluation.rankings);
  for (const Comparison& c : evaluation.comparisons) {
    report.event("metric", {{"metric", c.metric().name},
                            {"model", c.model.value},
                            {"baseline", c.baseline},
                            {"vs_baseline", c.vs_baseline().value_or(std::numeric_limits<double>::quiet_NaN())},
                            {"worse_than_baseline", Index{c.is_worse() ? 1 : 0}}});
  }
}

std::string evaluation_table(const std::vector<Comparison>& comparisons) {
  std::string text = fmt::format("{:<12} {:>10} {:>10} {:>12}\n", "metric", "model", "baseline", "vs baseline");
  bool has_dash = false;
  for (const Comparison& c : comparisons) {
    const std::optional<double> ratio = c.vs_baseline();
    has_dash = has_dash || !ratio;
    text += fmt::format("{:<12} {:>10.6f} {:>10.6f} {:>12}\n", c.metric().name, c.model.value, c.baseline,
                        ratio ? fmt::format("{:.3f}", *ratio) : "-");
  }
  if (has_dash) text += "-: there is no ratio to 0\n";
  return text;
}

void warn_of_worse(Report& report, const std::vector<Comparison>& comparisons) {
  std::vector<std::string> worse;
  for (const Comparison& c : comparisons) {
    if (!c.is_worse()) continue;
    worse.push_back(fmt::format("{} {:.6f}, {} {:.6f}", c.metric().name, c.model.value,
                                c.metric().ranks() ? "popularity" : "mean and biases", c.baseline));
  }
  if (worse.empty()) return;
  report.warning(fmt::format("the model is worse than its baseline: {}", fmt::join(worse, "; ")));
}

std::string evaluation_json(const Evaluation& evaluation, const HeldoutRule& rule, const ModelReader& model) {
  const auto& [users, interactions, rankings, ratings, comparisons] = evaluation;
  nlohmann::ordered_json json;
  json["users"] = users;
  json["heldout_interactions"] = interactions;
  if (rankings) {
    json["rankings"] = {{"seen", seen_word(rule.seen)},
                        {"users", rankings->users},
                        {"popular_users", rankings->popular_users},
                        {"targets", rankings->targets},
                        {"cold_targets", rankings->cold_targets},
                        {"left_out", rankings->left_out}};
  }
  if (ratings) {
    json["ratings"] = {{"ratings", ratings->ratings},
                       {"cold_users", ratings->cold_users},
                       {"cold_items", ratings->cold_items},
                       {"cold", ratings->cold}};
  }
  json["ancestor_trained_on_all"] = !model.lineage_trained_on_all().empty();
  json["chosen_by_heldout"] = rule.has_chosen_model;
  json["model_configuration"] = model.provenance().configuration;
  json["baseline"] = {{"rankings", "training popularity"}, {"ratings", "damped mean + user bias + item bias"}};
  json["worse_than_baseline"] = std::ranges::any_of(comparisons, &Comparison::is_worse);
  for (const Comparison& c : comparisons) {
    nlohmann::ordered_json metric{{"model", c.model.value},
                                  {"standard_error", c.model.standard_error},
                                  {"baseline", c.baseline},
                                  {"vs_baseline", nullptr},
                                  {"worse_than_baseline", c.is_worse()}};
    if (const std::optional<double> ratio = c.vs_baseline()) metric["vs_baseline"] = *ratio;
    json["metrics"][c.metric().name] = metric;
  }
  return json_text(json, 2) + "\n";
}

}  // namespace rankwise
