#include "jobs/sweep/plan/plan_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "distributed/log/fold.hpp"
#include "io/config/json_fields.hpp"
#include "io/config/json_text.hpp"
#include "io/config/recorded_value.hpp"
#include "jobs/run/version.hpp"
#include "jobs/sweep/plan/swept_options.hpp"
#include "jobs/sweep/plan/tasks.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

constexpr int format_version = 1;

// What the options of sweep plan take, or, of predictions, what no machine reaches.
constexpr Index most_epochs = 1'000'000;
constexpr Index most_ranks = 100'000;
constexpr Index most_threads = 4096;
constexpr Index most_trials_per_program = 10'000;
constexpr double most_seconds = 1e12;
constexpr double most_bytes = 1e18;

/// All but its point.
template <class Fields, class Of>
void list_trial(Fields& fields, Of& trial) {
  fields.texts("arguments", trial.arguments);
  fields.number("epoch_seconds", trial.epoch_seconds, 0, most_seconds);
  fields.number("other_seconds", trial.other_seconds, 0, most_seconds);
  fields.number("memory_bytes", trial.memory_bytes, 0, most_bytes);
}

Json json_of(const Trial& trial) {
  Json json;
  json["point"] = Json::object();
  for (const Assignment& assignment : trial.point) json["point"][assignment.name] = assignment.value;
  FieldWriter fields(json);
  list_trial(fields, trial);
  return json;
}

Trial trial_of(const RecordedValue& json) {
  Trial trial;
  for (const auto& [name, value] : json.at("point").members()) trial.point.push_back({name, value.text()});
  FieldReader fields(json);
  list_trial(fields, trial);
  return trial;
}

/// What comes before the lists of a plan.
template <class Fields, class Plan>
void list_beginning(Fields& fields, Plan& plan) {
  fields.text("version", plan.version);
  fields.text("configuration", plan.configuration);
  fields.one_of("job", plan.job, {{"als", SweptJob::als}, {"itemcf", SweptJob::itemcf}, {"kmeans", SweptJob::kmeans}});
  fields.text("data", plan.data);
  fields.bits("dataset_digest", plan.dataset_digest);
  if (fields.has("tables_digest")) fields.bits("tables_digest", plan.tables_digest);
  fields.bits("seed", plan.seed);
  fields.texts("parameters", plan.parameters);
  if (fields.has("combinations")) fields.whole("combinations", plan.combinations, 0, most_combinations);
}

/// How trials are compared, and how they run.
template <class Fields, class Plan>
void list_rules(Fields& fields, Plan& plan) {
  fields.text("metrics", plan.metrics);
  fields.one_of("direction", plan.direction, {{"maximize", Direction::maximize}, {"minimize", Direction::minimize}});
  fields.one_of("rule", plan.rule,
                {{"best", SelectionRule::best}, {"one-standard-error", SelectionRule::one_standard_error}});
  fields.number("least_stability", plan.least_stability, -1, 1);
  if (fields.has("paths")) fields.flag("paths", plan.has_paths);
  if (fields.has("trials_per_program")) {
    fields.whole("trials_per_program", plan.trials_per_program, 1, most_trials_per_program);
  }
  fields.whole("ranks", plan.ranks, 1, most_ranks);
  fields.whole("threads_per_rank", plan.threads_per_rank, 1, most_threads);
}

bool is_seed_text(std::string_view text) {
  constexpr std::string_view begin = "seed:";
  if (!text.starts_with(begin)) return false;
  text.remove_prefix(begin.size());
  return whole_number<std::uint64_t>(text).has_value();
}

std::string fold_of(const RecordedValue& json, SweptJob job) {
  std::string fold = json.text();
  if (!trains_on_folds(job) && !is_seed_text(fold)) json.refuse("a seed, as in seed:3");
  if (trains_on_folds(job) && !parse_fold(fold)) json.refuse("a fold, as in interactions:2/5");
  return fold;
}

/// None has more trials or fewer epochs than the one before it.
std::vector<Rung> rungs_of(const RecordedValue& json, SweptJob job, Index trials) {
  std::vector<Rung> rungs;
  for (const RecordedValue& rung : json.elements()) {
    const Index most_trials = rungs.empty() ? trials : rungs.back().trials;
    const Index least_epochs = !has_epochs(job) ? 0 : rungs.empty() ? 1 : rungs.back().epochs;
    rungs.push_back({rung.at("trials").whole(rungs.empty() ? trials : 1, most_trials),
                     rung.at("epochs").whole(least_epochs, has_epochs(job) ? most_epochs : 0)});
  }
  if (rungs.empty()) json.refuse("at least one rung");
  return rungs;
}

std::string key_of(const RecordedValue& json) {
  constexpr std::size_t digits = 16;
  std::string key = json.text();
  if (key.size() != digits || key.find_first_not_of("0123456789abcdef") != std::string::npos) {
    json.refuse(fmt::format("{} hexadecimal digits", digits));
  }
  return key;
}

/// Those of the plan, which has all else, with their keys.
void read_tasks(SweepPlan& plan, const RecordedValue& json) {
  const std::vector<RecordedValue> tasks = json.elements();
  const double expected = static_cast<double>(plan.trials.size()) * static_cast<double>(plan.folds.size()) *
                          static_cast<double>(plan.rungs.size());
  if (static_cast<double>(tasks.size()) != expected) {
    json.refuse(fmt::format("{} tasks, one for each trial, fold and rung, not {}", expected, tasks.size()));
  }
  place_tasks(plan);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const RecordedValue& known = tasks[t];
    SweepTask& task = plan.tasks[t];
    const auto require = [&known](const char* name, std::size_t place) {
      (void)known.at(name).whole(static_cast<Index>(place), static_cast<Index>(place));
    };
    require("trial", task.trial);
    require("fold", task.fold);
    require("rung", task.rung);
    if (known.at("name").text() != task.name) known.at("name").refuse(task.name);
    const auto program = known.find("program");
    if (program && program->text() != task.program) program->refuse(task.program);
    if (!program) task.program = task.name;
    task.key = key_of(known.at("key"));
  }
}

SweepPlan plan_of(const RecordedValue& json) {
  if (const RecordedValue kind = json.at("kind"); kind.text() != "sweep-plan") kind.refuse("sweep-plan");
  (void)json.at("format").whole(format_version, format_version);
  SweepPlan plan;
  FieldReader fields(json);
  list_beginning(fields, plan);
  for (const RecordedValue& trial : json.at("trials").elements()) plan.trials.push_back(trial_of(trial));
  if (plan.trials.empty()) json.at("trials").refuse("at least one trial");
  for (const RecordedValue& fold : json.at("folds").elements()) plan.folds.push_back(fold_of(fold, plan.job));
  if (plan.folds.empty()) json.at("folds").refuse("at least one fold");
  plan.rungs = rungs_of(json.at("rungs"), plan.job, std::ssize(plan.trials));
  list_rules(fields, plan);
  read_tasks(plan, json.at("tasks"));
  return plan;
}

std::string plan_path(const std::string& directory) {
  return (std::filesystem::path(directory) / "plan.json").string();
}

SweepPlan parse_file(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw Error(ExitCode::no_input, fmt::format("{}: does not exist; rankwise sweep plan makes it", path));
  }
  return parse_plan(read_small_file(path), path);
}

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw Error(ExitCode::bad_data, fmt::format("{}: {}", path, reason));
}

void require_own_arguments(const SweepPlan& plan, std::size_t trial, const std::string& path) {
  const std::vector<std::string> expected = point_arguments(plan.job, plan.trials[trial].point);
  if (plan.trials[trial].arguments == expected) return;
  refuse(path,
         fmt::format("trials[{}].arguments: are not those of its point; expected {}", trial, fmt::join(expected, " ")));
}

/// Of the tasks at these places, and those before them on their paths.
void require_own_keys(const SweepPlan& plan, const std::vector<std::size_t>& places, const std::string& path) {
  if (plan.version != program_version()) return;
  SweepPlan again = plan;
  for (SweepTask& task : again.tasks) task.key.clear();
  try {
    std::set<std::size_t> trials;
    for (const std::size_t place : places) trials.insert(plan.tasks[place].trial);
    for (const std::size_t trial : trials) require_own_arguments(plan, trial, path);
    for (const std::size_t place : places) key_task(again, place);
  } catch (const Error& error) {
    if (error.code() != ExitCode::usage) throw;
    refuse(path, fmt::format("trials: {}", error.what()));
  }
  for (std::size_t t = 0; t < plan.tasks.size(); ++t) {
    if (again.tasks[t].key.empty() || plan.tasks[t].key == again.tasks[t].key) continue;
    refuse(path,
           fmt::format("tasks[{}].key: '{}'; expected '{}', as follows from what {} would do: the file was changed", t,
                       plan.tasks[t].key, again.tasks[t].key, plan.tasks[t].name));
  }
}

}  // namespace

std::string plan_json(const SweepPlan& plan) {
  Json json;
  json["kind"] = "sweep-plan";
  json["format"] = format_version;
  FieldWriter fields(json);
  list_beginning(fields, plan);
  json["folds"] = plan.folds;
  json["rungs"] = Json::array();
  for (const Rung& rung : plan.rungs) json["rungs"].push_back({{"trials", rung.trials}, {"epochs", rung.epochs}});
  list_rules(fields, plan);
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
  return json_text(json, 1) + "\n";
}

SweepPlan parse_plan(const std::string& text, const std::string& path) {
  return plan_of(RecordedValue::parse(text, path));
}

SweepPlan read_plan(const std::string& directory) {
  const std::string path = plan_path(directory);
  SweepPlan plan = parse_file(path);
  std::vector<std::size_t> places(plan.tasks.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  require_own_keys(plan, places, path);
  return plan;
}

SweepPlan read_plan_of_tasks(const std::string& directory, const std::vector<std::string>& tasks) {
  const std::string path = plan_path(directory);
  SweepPlan plan = parse_file(path);
  std::vector<std::size_t> places;
  for (const std::string& name : tasks) {
    const auto task = std::ranges::find(plan.tasks, name, &SweepTask::name);
    if (task != plan.tasks.end()) places.push_back(static_cast<std::size_t>(task - plan.tasks.begin()));
  }
  require_own_keys(plan, places, path);
  return plan;
}

}  // namespace rankwise
