// Sample runs:
//   rankwise sweep status search
//   rankwise sweep cancel search

#include "jobs/sweep/status.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/config/json_text.hpp"
#include "io/files/commit.hpp"
#include "io/files/folder_lock.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"
#include "jobs/sweep/plan/plan_file.hpp"
#include "jobs/sweep/state/driver.hpp"
#include "jobs/sweep/state/scheduler_folder.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

struct StatusOptions {
  std::string directory;
  std::string json;
};

/// A sweep that is looked at, not run.
struct WatchedSweep {
  std::string directory;
  SweepPlan plan;
  RunSettings settings;
  std::unique_ptr<slurm::Scheduler> scheduler;
};

WatchedSweep watch(const std::string& path) {
  WatchedSweep sweep;
  sweep.directory = std::filesystem::absolute(path).lexically_normal().string();
  sweep.plan = read_plan(sweep.directory);
  sweep.settings = read_settings(sweep.directory).value_or(RunSettings());
  sweep.scheduler = make_scheduler(sweep.directory, sweep.settings);
  return sweep;
}

const char* phase_name(const TaskState& state) {
  switch (state.phase) {
    case TaskPhase::done:
      return "done";
    case TaskPhase::running:
      return "running";
    case TaskPhase::waiting:
      return state.unknown ? "unknown" : "waiting";
    case TaskPhase::open:
      return state.lost ? "lost" : state.failures > 0 ? "to retry" : "not begun";
    case TaskPhase::failed:
      return "failed";
    case TaskPhase::pending:
      return "later";
  }
  return "";
}

/// By what finished tasks took beside what was predicted, or, without predictions, all alike; over the tasks that run
/// now. Nothing where none has finished or nothing runs.
std::optional<double> remaining_seconds(const SweepPlan& plan, const SweepState& state) {
  double done_seconds = 0;
  double done_units = 0;
  double open_units = 0;
  for (std::size_t place = 0; place < plan.tasks.size(); ++place) {
    const SweepTask& task = plan.tasks[place];
    const bool is_predicted = plan.trials[task.trial].epoch_seconds > 0;
    const double units = is_predicted ? plan.predicted_seconds(task) : 1.0;
    const TaskPhase phase = state.tasks[place].phase;
    if (phase == TaskPhase::done) {
      done_seconds += state.records[place]->seconds;
      done_units += units;
    } else if (phase != TaskPhase::failed && phase != TaskPhase::pending) {
      open_units += units;
    }
  }
  const auto running = static_cast<double>(state.count(TaskPhase::running));
  if (done_units == 0 || running == 0) return std::nullopt;
  return open_units * done_seconds / done_units / running;
}

/// Whether no one goes on with it, and no job will.
bool needs_resume(const WatchedSweep& sweep, const SweepState& state) {
  const bool has_tasks = state.count(TaskPhase::running) + state.count(TaskPhase::waiting) > 0;
  return !state.is_over && !has_tasks && !state.has_follow_up && lock_holder(sweep.directory) != LockHolder::some;
}

Index lost_tasks(const SweepState& state) {
  return std::ranges::count_if(state.tasks,
                               [](const TaskState& task) { return task.phase == TaskPhase::open && task.lost; });
}

/// One line where tasks failed, or were lost and no one goes on with them; a sweep that was cancelled is as it was
/// wanted.
std::string what_went_wrong(const WatchedSweep& sweep, const SweepState& state) {
  const Index failed = state.count(TaskPhase::failed);
  const bool is_left = needs_resume(sweep, state) && !is_cancelled(sweep.directory);
  const Index lost = is_left ? lost_tasks(state) : 0;
  if (failed + lost == 0) return {};
  return fmt::format("{}: {} tasks failed, {} were lost; rankwise sweep resume {} tries them again", sweep.directory,
                     failed, lost, sweep.directory);
}

std::string status_text(const WatchedSweep& sweep, const SweepState& state) {
  const SweepPlan& plan = sweep.plan;
  const Index lost = lost_tasks(state);
  const Index unknown = std::ranges::count(state.tasks, true, &TaskState::unknown);
  std::string text = fmt::format(
      "{} trials x {} folds x {} rung{}: {} of {} tasks done, {} running, {} waiting{}, {} failed, {} lost, {} not "
      "begun{}\n",
      plan.trials.size(), plan.folds.size(), plan.rungs.size(), plan.rungs.size() == 1 ? "" : "s",
      state.count(TaskPhase::done), state.wanted(), state.count(TaskPhase::running),
      state.count(TaskPhase::waiting) - unknown, unknown > 0 ? fmt::format(", {} unknown", unknown) : "",
      state.count(TaskPhase::failed), lost, state.count(TaskPhase::open) - lost,
      is_cancelled(sweep.directory) ? "; cancelled"
      : state.is_over               ? "; over"
                                    : "");
  if (unknown > 0) text += state.unanswered()->reason + "\n";
  if (needs_resume(sweep, state)) {
    text += fmt::format("nothing runs or waits; rankwise sweep resume {} continues\n", sweep.directory);
  }
  if (const auto seconds = remaining_seconds(plan, state)) text += fmt::format("about {:.0f} s remain\n", *seconds);
  const std::vector<TrialScore> ranked = ranked_scores(plan, state.records);
  if (!ranked.empty()) {
    const TrialScore& best = ranked.front();
    text += fmt::format("best so far: trial {} with {} {:.6f}  {}\n", best.trial + 1, plan.metric(), best.mean,
                        trial_text(plan, best.trial));
  }
  for (std::size_t place = 0; place < plan.tasks.size(); ++place) {
    const TaskState& task = state.tasks[place];
    const bool is_told =
        task.phase == TaskPhase::failed || (task.phase == TaskPhase::open && (task.lost || task.failures > 0));
    if (!is_told) continue;
    text += fmt::format("{} {}: {}  {}\n", plan.tasks[place].name, phase_name(task), task.reason,
                        trial_text(plan, plan.tasks[place].trial));
    for (const std::string& line : log_tail(sweep.directory, plan.tasks[place])) text += "    " + line + "\n";
  }
  return text;
}

std::string status_json(const SweepPlan& plan, const SweepState& state) {
  Json json;
  json["over"] = state.is_over;
  json["tasks"] = Json::array();
  for (std::size_t place = 0; place < plan.tasks.size(); ++place) {
    const TaskState& task = state.tasks[place];
    json["tasks"].push_back({{"name", plan.tasks[place].name},
                             {"phase", phase_name(task)},
                             {"failures", task.failures},
                             {"reason", task.reason},
                             {"job", task.job_id}});
  }
  return json_text(json, 1) + "\n";
}

void tell_status(const StatusOptions& options, JobContext& context) {
  require_single_rank(context.comm, "status");
  std::string wrong;
  const std::string json = agree_on(context.comm, [&] {
    const WatchedSweep sweep = watch(options.directory);
    const SweepState state = sweep_state(sweep.plan, sweep.directory, sweep.settings, *sweep.scheduler);
    warn_of_damaged_records(sweep.plan, sweep.directory, context.report);
    print_result(status_text(sweep, state));
    wrong = what_went_wrong(sweep, state);
    return status_json(sweep.plan, state);
  });
  write_from_root(context, options.json, json);
  if (!wrong.empty()) throw AgreedError(ExitCode::work_failed, wrong);
}

void run_cancel(const StatusOptions& options, JobContext& context) {
  require_single_rank(context.comm, "cancel");
  agree_on(context.comm, [&] {
    context.report.line(fmt::format("cancelled; {} tasks were running or waiting; rankwise sweep resume {} continues",
                                    cancel_sweep(options.directory), options.directory));
  });
}

RunJob describe_status(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<StatusOptions>();
  // clang-format off
  description.add_options()
    ("directory", written_folder(&options->directory, sweep_folder_files)->required(), "folder of the sweep")
    ("json", written_file(&options->json, json_endings), "also write the state of every task as JSON");
  // clang-format on
  return [options](JobContext& context) { tell_status(*options, context); };
}

RunJob describe_cancel(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<StatusOptions>();
  description.add_options()("directory", written_folder(&options->directory, sweep_folder_files)->required(),
                            "folder of the sweep");
  return [options](JobContext& context) { run_cancel(*options, context); };
}

}  // namespace

std::size_t cancel_sweep(const std::string& directory) {
  const WatchedSweep sweep = watch(directory);
  mark_cancelled(sweep.directory);
  std::vector<std::string> items;
  for (const slurm::ItemState& item : sweep.scheduler->states()) {
    const bool may_run = item.phase == slurm::ItemPhase::waiting || item.phase == slurm::ItemPhase::running ||
                         item.phase == slurm::ItemPhase::unknown;
    if (may_run) items.push_back(item.name);
  }
  sweep.scheduler->cancel(items);
  return items.size();
}

std::optional<slurm::ItemState> queued_item(const std::string& directory) {
  const std::optional<RunSettings> settings = read_settings(directory);
  if (!settings) return std::nullopt;
  for (slurm::ItemState& item : make_scheduler(directory, *settings)->states()) {
    if (item.phase == slurm::ItemPhase::unknown) throw Error(ExitCode::io_error, item.reason);
    if (item.phase == slurm::ItemPhase::waiting || item.phase == slurm::ItemPhase::running) return std::move(item);
  }
  return std::nullopt;
}

Job sweep_status_job() {
  return {"sweep status",
          "what a sweep has done, what runs, what failed and why, and the best so far",
          {},
          describe_status,
          "directory"};
}

Job sweep_cancel_job() {
  return {"sweep cancel",
          "take a sweep's tasks out of the queue; what runs writes its checkpoint",
          {},
          describe_cancel,
          "directory"};
}

}  // namespace rankwise
