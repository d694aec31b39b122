// What a sweep reads back: its plan, settings, records and ledgers, with any value in them replaced by what no run
// writes.

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <unistd.h>

#include "io/config/json_text.hpp"
#include "jobs/run/version.hpp"
#include "jobs/sweep/plan/plan_file.hpp"
#include "jobs/sweep/plan/swept_options.hpp"
#include "jobs/sweep/plan/tasks.hpp"
#include "jobs/sweep/results/html.hpp"
#include "jobs/sweep/results/results.hpp"
#include "jobs/sweep/results/summary.hpp"
#include "jobs/sweep/state/driver.hpp"
#include "jobs/sweep/state/scheduler_folder.hpp"
#include "tests/jobs/sweep/hostile_values.hpp"

namespace rankwise {
namespace {

namespace fs = std::filesystem;

SweepPlan some_plan(bool has_paths) {
  SweepPlan plan;
  plan.version = program_version();
  plan.configuration = "factors = 2,3";
  plan.data = "/data/M\xFCnchen.h5";
  plan.dataset_digest = 0xFEDCBA9876543210U;
  plan.seed = 5;
  plan.parameters = {"factors", "regularization"};
  plan.metrics = "ndcg@10,recall@5";
  plan.folds = {"interactions:1/2", "interactions:2/2"};
  plan.has_paths = has_paths;
  for (const char* factors : {"2", "3"}) {
    for (const char* regularization : {"0.1", "0.01"}) {
      Trial trial;
      trial.point = {{"factors", factors}, {"regularization", regularization}};
      trial.arguments = point_arguments(plan.job, trial.point);
      trial.epoch_seconds = 0.5;
      trial.memory_bytes = 1e9;
      plan.trials.push_back(trial);
    }
  }
  plan.rungs = has_paths ? std::vector<Rung>{{4, 2}} : std::vector<Rung>{{4, 1}, {2, 3}};
  name_tasks(plan);
  return plan;
}

std::string record_text(const SweepPlan& plan, const SweepTask& task) {
  Json json{{"kind", "sweep-record"},
            {"key", task.key},
            {"task", task.name},
            {"version", plan.version},
            {"dataset_digest", plan.dataset_digest},
            {"configuration", resolved_configuration(plan.job, task_arguments(plan, task))},
            {"metrics", {{"ndcg@10", 0.25 + 0.01 * static_cast<double>(task.trial)}, {"recall@5", 0.5}}},
            {"standard_errors", {{"ndcg@10", 0.01}, {"recall@5", 0.01}}},
            {"baselines", {{"ndcg@10", 0.125}, {"recall@5", 0.25}}},
            {"losses", {3.5, 2.5}},
            {"epochs", 2},
            {"resumed_epochs", 1},
            {"begin_seconds", 1.6e9},
            {"seconds", 2.5},
            {"memory_bytes", 1e8},
            {"ranks", 1},
            {"threads_per_rank", 2},
            {"host", "node-1"}};
  return json_text(json, 1);
}

class SweepFiles : public testing::Test {
 protected:
  SweepFiles() {
    fs::create_directories(folder_ / "records");
    fs::create_directories(folder_ / "scheduler/logs");
  }
  ~SweepFiles() override { fs::remove_all(folder_); }
  SweepFiles(const SweepFiles&) = delete;
  SweepFiles& operator=(const SweepFiles&) = delete;

  void write(const fs::path& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  [[nodiscard]] std::string directory() const { return folder_.string(); }

  /// A sweep as it is once every task of the first rung is done.
  void write_sweep(const SweepPlan& plan) const {
    write("plan.json", plan_json(plan));
    write_settings(directory(), {});
    std::string items;
    std::set<std::string> programs;
    for (const SweepTask& task : plan.tasks) {
      if (programs.insert(task.program).second) items += fmt::format("{} {}\n", programs.size() - 1, task.program);
    }
    write("scheduler/sweep-1-0.items", items);
    write("scheduler/submissions", "intent sweep-1-0 sweep-1\naccepted sweep-1-0 1@elsewhere\n");
    for (const SweepTask& task : plan.tasks) {
      if (task.rung == 0) write("records/" + task.key + ".json", record_text(plan, task));
      write("scheduler/logs/" + task.name + ".attempts",
            "begin 1600000000 sweep-1-0 17 0 node-1\nend 1600000003 sweep-1-0 17 0 0\n");
    }
  }

  /// All that commands make of the folder: what `status`, `collect` and `run` read, tell and ask for.
  void use_sweep() const {
    const SweepPlan plan = read_plan(directory());
    for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) (void)trial_text(plan, trial);
    RunSettings settings = read_settings(directory()).value();
    for (const SweepTask& task : plan.tasks) {
      (void)program_needs(plan, {&task}, settings);
      (void)work_folder(directory(), task);
    }
    settings.scheduler = SchedulerKind::local;  // none asks Slurm here
    const auto scheduler = make_scheduler(directory(), settings);
    (void)sweep_state(plan, directory(), settings, *scheduler);
    if (plan.version != program_version()) return;  // of which there are no records
    const SweepResults results = sweep_results(plan, directory());
    (void)json_text(results_summary(results), 1);
    (void)results_csv(results);
    (void)results_html(results, directory());
    (void)winner_ini(results);
  }

  /// What is wrong, in one line that names `file`; empty where nothing is.
  [[nodiscard]] std::string fault(const std::string& file) const {
    try {
      use_sweep();
      return {};
    } catch (const Error& error) {
      const std::string line = error.what();
      EXPECT_EQ(error.code(), ExitCode::bad_data) << line;
      EXPECT_NE(line.find(file), std::string::npos) << line;
      EXPECT_EQ(line.find('\n'), std::string::npos) << line;
      return line;
    }
  }

  fs::path folder_ = fs::temp_directory_path() / ("rankwise-sweep-files-" + std::to_string(getpid()));
};

TEST_F(SweepFiles, OfPlansEachValueIsChecked) {
  for (const bool has_paths : {false, true}) {
    const SweepPlan plan = some_plan(has_paths);
    write_sweep(plan);
    ASSERT_EQ(fault("plan.json"), "");
    const Json json = Json::parse(plan_json(plan));
    std::size_t refused = 0;
    std::size_t tried = 0;
    for_each_leaf(json, [&](const Json::json_pointer& place) {
      for (const std::string& value : hostile_values) {
        ++tried;
        write("plan.json", with_value(json, place, value));
        if (!fault("plan.json").empty()) ++refused;
      }
      write("plan.json", without_value(json, place));
      const bool is_optional = place.back() == "predicted_core_hours" || (place.back() == "paths" && !has_paths) ||
                               place.back() == "trials_per_program" || place.back() == "combinations" ||
                               place.back() == "tables_digest" ||  // none: of no features, as the keys must say too
                               place.back() == "program" || parent_of(place) == "parameters";
      EXPECT_EQ(fault("plan.json").empty(), is_optional) << place;
    });
    // Beside what nobody reads, predictions and words may be others.
    EXPECT_GT(refused * 10, tried * 8) << refused << " of " << tried;
  }
}

TEST_F(SweepFiles, TasksAreWhatThePlanSays) {
  const SweepPlan plan = some_plan(false);
  write_sweep(plan);
  const Json json = Json::parse(plan_json(plan));
  const auto told = [&](const char* place, const std::string& value) {
    write("plan.json", with_value(json, Json::json_pointer(place), value));
    return fault("plan.json").substr(directory().size() + 1);
  };
  EXPECT_EQ(told("/tasks/3/trial", "18446744073709551615"),
            "plan.json: tasks[3].trial: 18446744073709551615; expected a whole number from 1 to 1");
  EXPECT_EQ(told("/tasks/3/fold", "-1"), "plan.json: tasks[3].fold: -1; expected a whole number from 1 to 1");
  EXPECT_EQ(told("/tasks/3/name", "\"t1.f1.r0\""), "plan.json: tasks[3].name: 't1.f1.r0'; expected t2.f2.r0");
  EXPECT_EQ(told("/ranks", "1e23"), "plan.json: ranks: 1e+23; expected a whole number from 1 to 100000");
  EXPECT_EQ(told("/trials/0/memory_bytes", "1e23"),
            "plan.json: trials[0].memory_bytes: 1e+23; expected a number from 0 to 1e+18");
  EXPECT_EQ(told("/direction", "\"up\""), "plan.json: direction: 'up'; expected maximize or minimize");
  EXPECT_EQ(told("/folds/0", "\"interactions:1/1000000000000\""),
            "plan.json: folds[0]: 'interactions:1/1000000000000'; expected a fold, as in interactions:2/5");
  EXPECT_EQ(told("/seed", "1.5"), "plan.json: seed: 1.5; expected a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(told("/rungs/1/epochs", "1, \"epochs\": 2"), "plan.json: 'epochs' occurs twice in one object");
  EXPECT_EQ(told("/seed", "NaN").substr(0, 26), "plan.json: is not JSON: pa");
  // What no index shows: a trial of other options than its tasks were planned with, a key of another task.
  EXPECT_EQ(told("/trials/0/arguments/1", "\"4\""),
            "plan.json: trials[0].arguments: are not those of its point; expected --factors 2 --regularization 0.1");
  EXPECT_EQ(told("/tasks/3/key", "\"" + plan.tasks[2].key + "\""),
            fmt::format("plan.json: tasks[3].key: '{}'; expected '{}', as follows from what t2.f2.r0 would do: the "
                        "file was changed",
                        plan.tasks[2].key, plan.tasks[3].key));
  EXPECT_EQ(told("/rungs/0/epochs", "2").substr(0, 24), "plan.json: tasks[0].key:");
  EXPECT_EQ(told("/seed", "6").substr(0, 24), "plan.json: tasks[0].key:");
  Json fewer = json;
  fewer["tasks"].erase(0);
  write("plan.json", fewer.dump());
  EXPECT_EQ(fault("plan.json").substr(directory().size() + 1),
            "plan.json: tasks: a list; expected 16 tasks, one for each trial, fold and rung, not 15");
}

TEST_F(SweepFiles, PlansComeBackAsTheyWere) {
  for (const bool has_paths : {false, true}) {
    SweepPlan plan = some_plan(has_paths);
    plan.data = "/data/M\xFCnchen \\xfc/\xC3\xBC.h5";
    const std::string text = plan_json(plan);
    const SweepPlan again = parse_plan(text, "plan.json");
    EXPECT_EQ(again.data, plan.data);
    EXPECT_EQ(plan_json(again), text);
  }
}

TEST_F(SweepFiles, OfSettingsEachValueIsChecked) {
  write_sweep(some_plan(false));
  RunSettings settings;
  settings.batch.extra_lines = {"--licenses=tape:1"};
  settings.forgiven = {{"t1.f1.r0", 1}};
  write_settings(directory(), settings);
  std::ifstream file(folder_ / "run.json");
  const Json json = Json::parse(file);
  for_each_leaf(json, [&](const Json::json_pointer& place) {
    for (const std::string& value : hostile_values) {
      write("run.json", with_value(json, place, value));
      (void)fault("run.json");
    }
    write("run.json", without_value(json, place));
    const bool may_be_missing = place.back() == "data" || place.back() == "lock" || parent_of(place) == "extra_lines" ||
                                parent_of(place) == "forgiven";
    EXPECT_EQ(fault("run.json").empty(), may_be_missing) << place;
  });
  for (const char* limit : {"time_limit_seconds", "memory_bytes", "cores", "max_retries", "tasks_per_job"}) {
    write("run.json", with_value(json, Json::json_pointer("/" + std::string(limit)), "1e23"));
    EXPECT_NE(fault("run.json").find(fmt::format("run.json: {}: 1e+23; expected a whole number from 0 to", limit)),
              std::string::npos);
  }
  write("run.json", with_value(json, Json::json_pointer("/scheduler"), "\"slrum\""));
  EXPECT_NE(fault("run.json").find("scheduler: 'slrum'; expected local or slurm"), std::string::npos);
}

TEST_F(SweepFiles, RecordsThatAreNotTheTasksDoNotCount) {
  for (const bool has_paths : {false, true}) {
    const SweepPlan plan = some_plan(has_paths);
    write_sweep(plan);
    const SweepTask& task = plan.tasks[2];
    ASSERT_TRUE(read_record(plan, directory(), task));
    const std::string name = "records/" + task.key + ".json";
    const Json json = Json::parse(record_text(plan, task));
    for_each_leaf(json, [&](const Json::json_pointer& place) {
      for (const std::string& value : hostile_values) {
        write(name, with_value(json, place, value));
        EXPECT_EQ(fault(""), "");
      }
      write(name, without_value(json, place));
      const bool is_needed = place.back() != "task" && parent_of(place) != "losses" &&
                             parent_of(place) != "standard_errors" && parent_of(place) != "baselines" &&
                             place.back() != "recall@5";
      EXPECT_EQ(!read_record(plan, directory(), task), is_needed) << place;
    });
    const auto counts = [&](const char* place, const std::string& value) {
      write(name, with_value(json, Json::json_pointer(place), value));
      return read_record(plan, directory(), task).has_value();
    };
    EXPECT_TRUE(counts("/epochs", "2"));
    EXPECT_FALSE(counts("/epochs", "18446744073709551615"));
    EXPECT_FALSE(counts("/ranks", "0"));
    EXPECT_FALSE(counts("/seconds", "-1"));
    EXPECT_FALSE(counts("/resumed_epochs", "3"));
    // One of other options under the task's key.
    const std::string configuration = json["configuration"].get<std::string>();
    std::string other = configuration;
    other.replace(other.find("factors = 2"), 11, "factors = 9");
    EXPECT_FALSE(counts("/configuration", Json(other).dump()));
    EXPECT_TRUE(counts("/configuration", Json(configuration).dump()));
  }
}

TEST_F(SweepFiles, LedgersAreRefusedWithTheirLine) {
  write_sweep(some_plan(false));
  const auto told = [&](const std::string& file, const std::string& text) {
    write("scheduler/" + file, text);
    std::string line = fault("scheduler/" + file);
    return line.empty() ? line : line.substr((folder_ / "scheduler").string().size() + 1);
  };
  const std::string intent = "intent sweep-1-0 sweep-1\n";
  EXPECT_EQ(told("submissions", intent + "accepted sweep-1-0 99999999999999999999@elsewhere\n"),
            "submissions:2: expected the id of a job in Slurm, or PROCESS@HOST");
  for (const char* id : {"", "x@y", "@y", "-1@y", "0@y", "17@", "1e5", "17_3"}) {
    EXPECT_NE(told("submissions", intent + "accepted sweep-1-0 " + id + "\n"), "") << id;
  }
  EXPECT_EQ(told("submissions", intent + "acepted sweep-1-0 17\n"),
            "submissions:2: expected intent, accepted, unanswered, refused or superseded");
  EXPECT_EQ(told("submissions", intent + "unanswered sweep-1-0 1e23\n"),
            "submissions:2: expected when the job was handed over");
  EXPECT_EQ(told("submissions", intent + "unanswered sweep-1-0 1790000000\nsuperseded sweep-1-0\n"), "");
  EXPECT_EQ(told("submissions", intent + intent), "submissions:2: expected the name of a new job after 'intent'");
  EXPECT_EQ(told("submissions", "intent ../../x-0 x\n"),
            "submissions:1: expected the name of a new job after 'intent'");
  EXPECT_EQ(told("submissions", intent + "accepted other-0 17\n"),
            "submissions:2: expected the name of a job of an earlier line");
  EXPECT_EQ(told("submissions", intent + "accepted sweep-1-0 1@elsewhere\naccep"), "") << "cut short";
  for (const char* items : {"0 ../../x\n", "-1 a\n", "1 a\n", "0 a\n2 b\n", "18446744073709551615 a\n", "0 a\n0 a\n",
                            "0\n", "0 a\n1 b\n0 c\n", "0.5 a\n"}) {
    EXPECT_NE(told("sweep-1-0.items", items), "") << items;
  }
  EXPECT_EQ(told("sweep-1-0.items", "0 a\n2 b\n"), "sweep-1-0.items:2: expected task 1 here");
}

TEST_F(SweepFiles, RunsThatCannotHaveBeenArePassedOver) {
  const SweepPlan plan = some_plan(false);
  write_sweep(plan);
  for (const char* number : {"-1", "1e23", "99999999999999999999", "-9223372036854775808", "nan", "x"}) {
    write(
        "scheduler/logs/t1.f1.r0.attempts",
        fmt::format("begin {0} sweep-1-0 17 0 node-1\nbegin 5 sweep-1-0 17 {0} node-1\nbegin 6 sweep-1-0 18 0 node-1\n"
                    "end 7 sweep-1-0 18 0 {0}\nend {0} sweep-1-0 18 0 0\n",
                    number));
    EXPECT_EQ(fault(""), "") << number;
    EXPECT_EQ(failed_runs(plan, directory(), plan.tasks.front()), 0) << number;
  }
}

}  // namespace
}  // namespace rankwise
