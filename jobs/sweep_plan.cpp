#include "jobs/sweep_plan.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "jobs/als.hpp"
#include "jobs/kmeans.hpp"
#include "jobs/options.hpp"
#include "jobs/sweep_programs.hpp"
#include "slurm/folder_file.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

constexpr int format_version = 1;

Json json_of(const Trial& trial) {
  Json point = Json::object();
  for (const Assignment& assignment : trial.point) point[assignment.name] = assignment.value;
  return {{"point", point},
          {"arguments", trial.arguments},
          {"epoch_seconds", trial.epoch_seconds},
          {"other_seconds", trial.other_seconds},
          {"memory_bytes", trial.memory_bytes}};
}

Trial trial_of(const Json& json) {
  Trial trial;
  for (const auto& [name, value] : json.at("point").items()) trial.point.push_back({name, value.get<std::string>()});
  trial.arguments = json.at("arguments").get<std::vector<std::string>>();
  trial.epoch_seconds = json.at("epoch_seconds").get<double>();
  trial.other_seconds = json.at("other_seconds").get<double>();
  trial.memory_bytes = json.at("memory_bytes").get<double>();
  return trial;
}

SweepTask task_of(const Json& json) {
  SweepTask task;
  task.trial = json.at("trial").get<std::size_t>();
  task.fold = json.at("fold").get<std::size_t>();
  task.rung = json.at("rung").get<std::size_t>();
  task.name = json.at("name").get<std::string>();
  task.program = json.value("program", task.name);
  task.key = json.at("key").get<std::string>();
  return task;
}

SweepPlan plan_of(const Json& json) {
  SweepPlan plan;
  plan.version = json.at("version").get<std::string>();
  plan.configuration = json.at("configuration").get<std::string>();
  plan.job = json.at("job").get<std::string>() == "kmeans" ? SweptJob::kmeans : SweptJob::als;
  plan.data = json.at("data").get<std::string>();
  plan.dataset_digest = json.at("dataset_digest").get<std::uint64_t>();
  plan.seed = json.at("seed").get<std::uint64_t>();
  plan.parameters = json.at("parameters").get<std::vector<std::string>>();
  for (const Json& trial : json.at("trials")) plan.trials.push_back(trial_of(trial));
  plan.folds = json.at("folds").get<std::vector<std::string>>();
  for (const Json& rung : json.at("rungs"))
    plan.rungs.push_back({rung.at("trials").get<Index>(), rung.at("epochs").get<Index>()});
  plan.metrics = json.at("metrics").get<std::string>();
  plan.direction = json.at("direction").get<std::string>() == "minimize" ? Direction::minimize : Direction::maximize;
  plan.rule = json.at("rule").get<std::string>() == "best" ? SelectionRule::best : SelectionRule::one_standard_error;
  plan.least_stability = json.at("least_stability").get<double>();
  plan.has_paths = json.value("paths", false);
  plan.trials_per_program = json.value("trials_per_program", Index{1});
  plan.ranks = json.at("ranks").get<int>();
  plan.threads_per_rank = json.at("threads_per_rank").get<int>();
  for (const Json& task : json.at("tasks")) plan.tasks.push_back(task_of(task));
  const bool is_whole = !plan.trials.empty() && !plan.folds.empty() && !plan.rungs.empty() &&
                        plan.tasks.size() == plan.trials.size() * plan.folds.size() * plan.rungs.size();
  if (!is_whole) throw std::runtime_error("tasks, trials, folds and rungs do not fit together");
  if (plan.has_paths) link_paths(plan);
  return plan;
}

/// `before`: the key of the training whose model it begins with; empty where it begins at random.
std::string key_of(const SweepPlan& plan, const SweepTask& task, const std::string& before) {
  std::string text = fmt::format("rankwise {}\ndataset {:016x}\nmetrics {}\n{} {}\n", plan.version, plan.dataset_digest,
                                 plan.metrics, plan.job == SweptJob::als ? "als" : "kmeans",
                                 resolved_configuration(plan.job, task_arguments(plan, task)));
  if (!before.empty()) text += fmt::format("after {}\n", before);
  return content_hash(text);
}

}  // namespace

double SweepPlan::predicted_seconds(const SweepTask& task) const {
  const Index before = task.rung == 0 ? 0 : rungs[task.rung - 1].epochs;
  const Trial& trial = trials[task.trial];
  return trial.epoch_seconds * static_cast<double>(rungs[task.rung].epochs - before) + trial.other_seconds;
}

double SweepPlan::predicted_core_hours() const {
  // Which trials a later rung keeps is not known yet: the mean of all.
  double seconds = 0;
  for (std::size_t r = 0; r < rungs.size(); ++r) {
    double all = 0;
    for (std::size_t t = 0; t < trials.size(); ++t) all += predicted_seconds(task(t, 0, r));
    seconds += all / static_cast<double>(trials.size()) * static_cast<double>(rungs[r].trials);
  }
  return seconds * static_cast<double>(folds.size()) * ranks * threads_per_rank / 3600;
}

std::string trial_text(const SweepPlan& plan, std::size_t trial) {
  std::vector<std::string> parts;
  for (const Assignment& assignment : plan.trials[trial].point) {
    if (std::ranges::find(plan.parameters, assignment.name) == plan.parameters.end()) continue;
    parts.push_back(fmt::format("{}={}", assignment.name, assignment.value));
  }
  return parts.empty() ? "the only trial" : fmt::format("{}", fmt::join(parts, " "));
}

std::string content_hash(std::string_view text) {
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

std::string resolved_configuration(SweptJob job, const std::vector<std::string>& arguments) {
  std::vector<std::string> complete = arguments;
  const auto add = [&](const char* option) { complete.insert(complete.end(), {option, "file"}); };
  if (job == SweptJob::als) {
    add("--data");
    add("--model");
  } else {
    add("--input");
    add("--output");
  }
  JobOptions options(job == SweptJob::als ? als_job() : kmeans_job());
  options.parse_command_line(complete);
  options.resolve(1);
  return options.configuration();
}

std::vector<std::string> task_arguments(const SweepPlan& plan, const SweepTask& task) {
  std::vector<std::string> arguments = plan.trials[task.trial].arguments;
  const std::string& fold = plan.folds[task.fold];
  if (plan.job == SweptJob::als) {
    arguments.insert(arguments.end(), {"--fold", fold, "--epochs", std::to_string(plan.rungs[task.rung].epochs)});
    arguments.insert(arguments.end(), {"--seed", std::to_string(plan.seed)});
  } else {
    arguments.insert(arguments.end(), {"--seed", fold.substr(fold.find(':') + 1)});
  }
  return arguments;
}

void name_tasks(SweepPlan& plan) {
  if (plan.has_paths) link_paths(plan);
  plan.tasks.clear();
  for (std::size_t rung = 0; rung < plan.rungs.size(); ++rung) {
    for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) {
      for (std::size_t fold = 0; fold < plan.folds.size(); ++fold) {
        const std::string name = fmt::format("t{}.f{}.r{}", trial + 1, fold + 1, rung);
        plan.tasks.push_back({trial, fold, rung, name, name, {}});
      }
    }
  }
  for (SweepTask& task : plan.tasks) {
    // What it begins with follows from what the trainings before on its path are.
    for (const std::size_t trial : path_to(plan, task.trial)) {
      task.key = key_of(plan, plan.task(trial, task.fold, task.rung), task.key);
    }
  }
  const std::vector<std::vector<std::size_t>> programs = trials_of_programs(plan);
  for (std::size_t number = 0; number < programs.size(); ++number) {
    if (programs[number].size() == 1) continue;
    for (const std::size_t trial : programs[number]) {
      for (std::size_t fold = 0; fold < plan.folds.size(); ++fold) {
        for (std::size_t rung = 0; rung < plan.rungs.size(); ++rung) {
          plan.tasks[plan.task_place(trial, fold, rung)].program =
              fmt::format("p{}.f{}.r{}", number + 1, fold + 1, rung);
        }
      }
    }
  }
}

std::string plan_json(const SweepPlan& plan) {
  Json json;
  json["kind"] = "sweep-plan";
  json["format"] = format_version;
  json["version"] = plan.version;
  json["configuration"] = plan.configuration;
  json["job"] = plan.job == SweptJob::als ? "als" : "kmeans";
  json["data"] = plan.data;
  json["dataset_digest"] = plan.dataset_digest;
  json["seed"] = plan.seed;
  json["parameters"] = plan.parameters;
  json["folds"] = plan.folds;
  json["rungs"] = Json::array();
  for (const Rung& rung : plan.rungs) json["rungs"].push_back({{"trials", rung.trials}, {"epochs", rung.epochs}});
  json["metrics"] = plan.metrics;
  json["direction"] = plan.direction == Direction::maximize ? "maximize" : "minimize";
  json["rule"] = plan.rule == SelectionRule::best ? "best" : "one-standard-error";
  json["least_stability"] = plan.least_stability;
  json["paths"] = plan.has_paths;
  json["trials_per_program"] = plan.trials_per_program;
  json["ranks"] = plan.ranks;
  json["threads_per_rank"] = plan.threads_per_rank;
  json["predicted_core_hours"] = plan.predicted_core_hours();
  json["trials"] = Json::array();
  for (const Trial& trial : plan.trials) json["trials"].push_back(json_of(trial));
  json["tasks"] = Json::array();
  for (const SweepTask& task : plan.tasks) {
    json["tasks"].push_back({{"name", task.name},
                             {"trial", task.trial},
                             {"fold", task.fold},
                             {"rung", task.rung},
                             {"program", task.program},
                             {"key", task.key}});
  }
  return json.dump(1) + "\n";
}

SweepPlan parse_plan(const std::string& text, const std::string& path) {
  try {
    const Json json = Json::parse(text);
    if (json.at("kind") != "sweep-plan" || json.at("format") != format_version) {
      throw std::runtime_error("expected a sweep-plan of format 1");
    }
    return plan_of(json);
  } catch (const std::exception& error) {
    throw Error(ExitCode::bad_data, fmt::format("{}: is not a plan of a sweep: {}", path, error.what()));
  }
}

SweepPlan read_plan(const std::string& directory) {
  const std::string path = (std::filesystem::path(directory) / "plan.json").string();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw Error(ExitCode::no_input, fmt::format("{}: does not exist; rankwise sweep plan makes it", path));
  }
  return parse_plan(slurm::file_text(path), path);
}

}  // namespace rankwise
