#include "jobs/sweep/planned_sweep.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <span>
#include <string_view>

#include "distributed/log/fold.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/run/version.hpp"
#include "jobs/sweep/plan/item_points.hpp"
#include "jobs/sweep/plan/swept_options.hpp"
#include "jobs/sweep/plan/tasks.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// Of K-means; higher is better but for the last two.
constexpr std::array<std::string_view, 6> cluster_metrics{"silhouette", "simplified-silhouette", "calinski-harabasz",
                                                          "stability",  "davies-bouldin",        "inertia"};

Direction natural_direction(SweptJob job, const std::string& metric) {
  if (job == SweptJob::kmeans) {
    return metric == "davies-bouldin" || metric == "inertia" ? Direction::minimize : Direction::maximize;
  }
  return parse_metrics(metric).front().higher_is_better() ? Direction::maximize : Direction::minimize;
}

/// What has a meaning only for trainings by epochs, whose time can be predicted.
void require_epochs(const SweepPlanOptions& options) {
  if (has_epochs(options.job)) return;
  const auto refuse = [](const std::string& option) {
    throw Error(ExitCode::usage, option + " has a meaning only with --job als");
  };
  if (options.halving > 0) refuse("--halving");
  if (options.has_paths) refuse("--path");
  if (options.epochs != SweepPlanOptions().epochs) refuse("--epochs");
  const auto refuse_prediction = [&options](const char* option) {
    throw Error(ExitCode::usage, fmt::format("{} has a meaning only with --job als: what {} takes is not predicted",
                                             option, job_name(options.job)));
  };
  if (options.budget_core_hours > 0) refuse_prediction("--budget");
  if (options.most_core_hours > 0) refuse_prediction("--max-core-hours");
  const NetworkRate usual;
  if (options.network.latency_seconds != usual.latency_seconds) refuse_prediction("--network-latency");
  if (options.network.bytes_per_second != usual.bytes_per_second) refuse_prediction("--network-bandwidth");
  const bool measures = options.calibration_seconds != 0 && options.calibration_seconds != usual_calibration_seconds;
  if (measures) refuse_prediction("--calibrate");
}

void require_sense(const SweepPlanOptions& options) {
  const auto refuse = [](const char* message) { throw Error(ExitCode::usage, message); };
  if (options.search == SearchDesign::grid && options.trials > 0) {
    refuse("--trials has no meaning with --search grid, which takes every combination");
  }
  if (options.search != SearchDesign::grid && options.trials == 0) {
    refuse("--trials is missing; expected how many points to try");
  }
  require_epochs(options);
  if (options.job != SweptJob::kmeans && options.least_stability != usual_least_stability) {
    refuse("--min-stability has a meaning only with --job kmeans");
  }
  if (options.halving == 0 && options.halving_epochs > 0) refuse("--halving-epochs has a meaning only with --halving");
  if (options.has_paths && options.halving > 0) {
    refuse(
        "--path and --halving exclude each other: a training cannot begin with its neighbour's model and continue from "
        "its own");
  }
  if (options.trials_per_program > 1 && options.job == SweptJob::als && options.texts.contains("memory-budget")) {
    refuse("--trials-per-program keeps the matrix in memory, which --memory-budget does not count");
  }
  if (options.budget_core_hours > 0 && !leaves_search_open(options.job, options.texts)) {
    refuse("--budget has a meaning only without a space: the built-in search takes as many trials as it pays for");
  }
  if (options.job == SweptJob::kmeans && options.trials_per_program > 1) {
    refuse("--trials-per-program has a meaning only with --job als or itemcf");
  }
}

/// Whether every trial of als predicts ratings.
bool always_explicit(const SweepPlanOptions& options) {
  const auto objective = options.texts.find("objective");
  return objective != options.texts.end() && objective->second == "explicit";
}

/// Metrics that are measured, the first one deciding.
std::string wanted_metrics(const SweepPlanOptions& options) {
  if (options.job == SweptJob::kmeans) {
    const std::string metric = options.optimize.empty() ? "silhouette" : options.optimize;
    if (std::ranges::find(cluster_metrics, metric) == cluster_metrics.end()) {
      throw Error(ExitCode::usage,
                  fmt::format("--optimize {}: expected one of {}", metric, fmt::join(cluster_metrics, ", ")));
    }
    if (!options.more_metrics.empty()) {
      throw Error(ExitCode::usage, "--metrics has no meaning with --job kmeans, which reports all of its own");
    }
    return metric;
  }
  const bool predicts_ratings = always_explicit(options);
  std::string metrics = !options.optimize.empty() ? options.optimize : predicts_ratings ? "rmse" : "ndcg@100";
  if (parse_metrics(metrics).size() > 1) {
    throw Error(ExitCode::usage, fmt::format("--optimize {}: expected one metric", metrics));
  }
  if (!options.more_metrics.empty()) metrics += "," + options.more_metrics;
  const std::vector<EvaluationMetric> all = parse_metrics(metrics);
  for (const EvaluationMetric& metric : all) {
    if (!metric.ranks() && !predicts_ratings) {
      throw Error(ExitCode::usage,
                  fmt::format("--{} {}: {}", &metric == &all.front() ? "optimize" : "metrics", metric.name,
                              options.job == SweptJob::itemcf
                                  ? "expected a metric of rankings; scores of an item model are no ratings"
                                  : "expected --objective explicit in all trials; scores of an implicit model are no "
                                    "ratings"));
    }
    if (options.job == SweptJob::itemcf && metric.kind == MetricKind::diversity) {
      throw Error(ExitCode::usage, fmt::format("--{} {}: expected a metric that needs no factors, by which items are "
                                               "compared; item models have none",
                                               &metric == &all.front() ? "optimize" : "metrics", metric.name));
    }
    if (metric.needs_categories())
      throw Error(ExitCode::usage, fmt::format("--{} {}: only evaluate has --categories",
                                               &metric == &all.front() ? "optimize" : "metrics", metric.name));
    if (std::ranges::count(all, metric.name, &EvaluationMetric::name) > 1) {
      throw Error(ExitCode::usage,
                  fmt::format("--metrics {}: {} is already measured", options.more_metrics, metric.name));
    }
  }
  return metrics;
}

}  // namespace

std::vector<std::string> fold_texts(const std::string& validation, SweptJob job, const std::vector<Index>& fold_numbers,
                                    std::uint64_t seed) {
  const auto fault = [&](const char* expected) {
    return Error(ExitCode::usage, fmt::format("--validation {}: expected {}", validation, expected));
  };
  const std::size_t colon = validation.find(':');
  const std::size_t at = validation.find('@');
  const std::string kind = validation.substr(0, colon);
  const auto number = [](const std::string& text) { return whole_number<Index>(text, 1, 1000).value_or(0); };
  const Index count = colon == std::string::npos ? 0 : number(validation.substr(colon + 1, at - colon - 1));
  const Index repeats = at == std::string::npos ? 1 : number(validation.substr(at + 1));
  std::vector<std::string> folds;
  if (job == SweptJob::kmeans) {
    if (kind != "seeds" || count < 1 || at != std::string::npos) throw fault("seeds:COUNT for kmeans, as in seeds:3");
    for (Index s = 0; s < count; ++s) folds.push_back(fmt::format("seed:{}", seed + static_cast<std::uint64_t>(s)));
    return folds;
  }
  constexpr const char* two_folds =
      "a dataset with at least two folds, from prepare --folds RULE, or --columns ...,fold=NAME";
  if (validation == "column") {
    if (fold_numbers.size() < 2) throw fault(two_folds);
    for (const Index fold : fold_numbers) folds.push_back(fmt::format("column:{}", fold));
    return folds;
  }
  if (validation == "rolling") {
    if (fold_numbers.size() < 2) throw fault(two_folds);
    // Nothing is before the first one.
    for (const Index fold : std::span(fold_numbers).subspan(1)) folds.push_back(fmt::format("rolling:{}", fold));
    return folds;
  }
  if (validation == "prepared") return {validation};
  const std::string repeated = repeats > 1 ? fmt::format("@{}", repeats) : std::string();
  if (repeats < 1 || !parse_fold(fmt::format("{}:1/{}{}", kind, count, repeated))) {
    throw fault(
        "interactions:FOLDS or users:FOLDS with at least 2, as in interactions:5, or interactions:5@3 for "
        "three divisions; temporal:FOLDS; column; rolling; or prepared");
  }
  for (Index repeat = 1; repeat <= repeats; ++repeat) {
    for (Index fold = 1; fold <= count; ++fold) {
      folds.push_back(fmt::format("{}:{}/{}", kind, fold, count) + (repeat > 1 ? fmt::format("@{}", repeat) : ""));
    }
  }
  return folds;
}

bool always_implicit(const SweepPlanOptions& options) {
  const auto objective = options.texts.find("objective");
  return objective == options.texts.end() || objective->second == "implicit";
}

namespace {

/// The options with a built-in search if they name nothing to search; `first` gets the values of its first trial.
SweepPlanOptions completed(const SweepPlanOptions& given, const SweptData& data,
                           std::map<std::string, std::string>& first) {
  SweepPlanOptions options = given;
  if (!leaves_search_open(given.job, given.texts)) return options;
  const BuiltInSearch search = built_in_search(given.job, given.texts, data.searched, given.epochs);
  options.texts.insert(search.space.begin(), search.space.end());
  first = search.first;
  if (search.design == SearchDesign::grid) return options;
  if (given.search == SearchDesign::grid) {
    options.search = search.design;
    options.trials = std::min(given.most_trials, given.budget_core_hours > 0 ? most_built_in_trials : search.trials);
  }
  if (given.halving == 0 && !given.has_paths) {
    options.halving = search.halving;
    options.halving_epochs = search.halving_epochs;
  }
  return options;
}

/// Names of those with several values, alone or in alternatives.
std::vector<std::string> varied_parameters(const Space& space) {
  std::vector<std::string> names;
  for (const Parameter& parameter : space) {
    const bool varies = !parameter.is_fixed() || std::ranges::count(space, parameter.name, &Parameter::name) > 1;
    if (varies && std::ranges::find(names, parameter.name) == names.end()) names.push_back(parameter.name);
  }
  return names;
}

/// One value of each parameter: those of `first`, and of others their only one.
SearchPoint first_point(const Space& space, const std::map<std::string, std::string>& first) {
  std::vector<std::string> values;
  for (const Parameter& parameter : space) {
    const auto known = first.find(parameter.name);
    values.push_back(known == first.end() ? parameter.value_at(0) : known->second);
  }
  return point_of(space, values);
}

std::vector<Rung> rungs_of(const SweepPlanOptions& options, Index trials) {
  const Index epochs = has_epochs(options.job) ? options.epochs : 0;
  if (options.halving == 0) return {{trials, epochs}};
  const Index least = options.halving_epochs > 0 ? options.halving_epochs : std::max<Index>(1, epochs / 9);
  return halving_rungs(trials, epochs, least, options.halving);
}

bool take_features(std::span<const Trial> trials) {
  return std::ranges::any_of(trials, [](const Trial& trial) {
    return std::ranges::any_of(trial.arguments, [](const std::string& argument) {
      return argument.starts_with("--user-features") || argument.starts_with("--item-features");
    });
  });
}

}  // namespace

SweepPlan make_plan(const SweepPlanOptions& given, const SweptData& data, std::uint64_t seed) {
  require_sense(given);
  std::map<std::string, std::string> first;
  const SweepPlanOptions options = completed(given, data, first);
  SweepPlan plan;
  plan.version = program_version();
  plan.job = options.job;
  plan.data = fs::absolute(options.data).lexically_normal().string();
  plan.dataset_digest = data.digest;
  plan.seed = seed;
  plan.metrics = wanted_metrics(options);
  plan.direction = options.direction.value_or(natural_direction(options.job, plan.metric()));
  plan.rule = options.rule;
  plan.least_stability = options.job == SweptJob::kmeans ? options.least_stability : 0;
  plan.has_paths = options.has_paths;
  plan.trials_per_program = options.trials_per_program;
  plan.ranks = options.ranks;
  plan.threads_per_rank = options.threads_per_rank;
  const std::string usual = options.job == SweptJob::kmeans ? "seeds:3"
                            : data.has_validation           ? "prepared"
                                                            : "interactions:3";
  plan.folds =
      fold_texts(options.validation.empty() ? usual : options.validation, options.job, data.fold_numbers, seed);

  const Space space = swept_space(options.job, options.texts);
  plan.parameters = varied_parameters(space);
  const PointMeaning meaning = options.job == SweptJob::itemcf ? PointMeaning(effective_item_point) : std::identity();
  FoundPoints found = search_points(space, options.search, options.trials, options.most_trials, seed, meaning);
  plan.combinations = found.combinations;
  // In the place of the last one.
  if (!first.empty()) {
    found.points.insert(found.points.begin(), first_point(space, first));
    found.points.pop_back();
  }
  for (SearchPoint& point : found.points) {
    Trial trial;
    trial.arguments = point_arguments(options.job, point);
    trial.point = std::move(point);
    plan.trials.push_back(std::move(trial));
  }
  if (plan.has_paths && std::ranges::find(plan.parameters, "regularization") == plan.parameters.end()) {
    throw Error(ExitCode::usage, "--path: expected several values of --regularization");
  }
  plan.rungs = rungs_of(options, std::ssize(plan.trials));
  plan.tables_digest = take_features(plan.trials) ? data.tables_digest : 0;
  return plan;
}

void fit_into_budget(SweepPlan& plan, const SweepPlanOptions& given, const SweptData& data) {
  if (given.budget_core_hours == 0) return;
  std::map<std::string, std::string> ignored;
  const SweepPlanOptions options = completed(given, data, ignored);
  while (plan.predicted_core_hours() > given.budget_core_hours) {
    if (plan.trials.size() == 1) {
      throw Error(ExitCode::usage,
                  fmt::format("--budget {}: one trial takes about {:.3g} core-hours; expected more, or "
                              "fewer folds or epochs",
                              given.budget_core_hours, plan.predicted_core_hours()));
    }
    plan.trials.pop_back();
    plan.rungs = rungs_of(options, std::ssize(plan.trials));
    place_tasks(plan);
  }
  name_tasks(plan);
}

}  // namespace rankwise
