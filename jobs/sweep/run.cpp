// Sample runs:
//   rankwise sweep run search --cores 8
//   rankwise sweep run search --scheduler slurm --partition batch --refit model.h5
//   rankwise sweep resume search

#include "jobs/sweep/run.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <memory>
#include <optional>
#include <set>

#include "io/files/folder_lock.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/options/folder_locking.hpp"
#include "jobs/options/unit_options.hpp"
#include "jobs/run/stop_requests.hpp"
#include "jobs/run/threads.hpp"
#include "jobs/run/version.hpp"
#include "jobs/sweep/collect.hpp"
#include "jobs/sweep/plan/plan_file.hpp"
#include "jobs/sweep/refit.hpp"
#include "jobs/sweep/state/driver.hpp"
#include "jobs/sweep/state/scheduler_folder.hpp"
#include "jobs/sweep/state/scheduler_options.hpp"
#include "jobs/sweep/state/swept_data.hpp"
#include "jobs/sweep/status.hpp"
#include "slurm/batch/sbatch_file.hpp"
#include "slurm/work/local_scheduler.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

constexpr double local_look_seconds = 1;
constexpr double slurm_look_seconds = 5;
constexpr double stop_patience_seconds = 60;
constexpr std::int64_t follow_up_seconds = 900;
constexpr double silence_patience_seconds = 300;
constexpr double end_patience_seconds = 10;
constexpr std::int64_t follow_up_memory_bytes = std::int64_t{1} << 30;

void forgive_failures(const SweepPlan& plan, const std::string& directory, RunSettings& settings) {
  for (const SweepTask& task : plan.tasks) {
    if (const int failed = failed_runs(plan, directory, task); failed > 0) settings.forgiven[task.name] = failed;
  }
}

/// `asked` without what is asked of schedulers: as `earlier` has that.
RunSettings with_requests_of(const RunSettings& earlier, const RunSettings& asked) {
  RunSettings settings = earlier;
  settings.data = asked.data;
  settings.submissions = asked.submissions;
  settings.forgiven = asked.forgiven;
  return settings;
}

/// The settings of earlier commands with this one's changes.
RunSettings settled(const SweepRunOptions& options, const std::string& directory, RunStart start, const SweepPlan& plan,
                    const Communicator& comm) {
  RunSettings settings = read_settings(directory).value_or(RunSettings());
  if (options.resets) settings = with_requests_of(RunSettings(), settings);
  for (const auto& change : options.changes) change(settings);
  if (settings.cores == 0) settings.cores = processors_per_rank(comm);
  if (start == RunStart::forgive) forgive_failures(plan, directory, settings);
  return settings;
}

/// By this command or those before it.
Locking asked_locking(const SweepRunOptions& options, const std::string& directory) {
  RunSettings settings = (options.resets ? std::nullopt : read_settings(directory)).value_or(RunSettings());
  for (const auto& change : options.changes) change(settings);
  return settings.locking;
}

/// Tells tasks as they end.
class Ticker {
 public:
  explicit Ticker(const SweepPlan& plan) : plan_(plan), told_(plan.tasks.size(), false) {}

  void tell(const SweepState& state, const std::string& directory, Report& report) {
    for (std::size_t place = 0; place < plan_.tasks.size(); ++place) {
      const TaskPhase phase = state.tasks[place].phase;
      if (told_[place] || (phase != TaskPhase::done && phase != TaskPhase::failed)) continue;
      told_[place] = true;
      const SweepTask& task = plan_.tasks[place];
      const std::string count = fmt::format("{}/{}", state.count(TaskPhase::done), state.wanted());
      if (phase == TaskPhase::done) {
        const double value = state.records[place]->metrics.at(plan_.metric());
        report.line(fmt::format("{} {} done: {} {:.6f}  {}", count, task.name, plan_.metric(), value,
                                trial_text(plan_, task.trial)));
        report.event("task", {{"task", task.name}, {"metric", plan_.metric()}, {"value", value}});
      } else {
        report.line(fmt::format("{} {} failed: {}  {}", count, task.name, state.tasks[place].reason,
                                trial_text(plan_, task.trial)));
        for (const std::string& line : log_tail(directory, task)) report.line("    " + line);
        report.event("task_failed", {{"task", task.name}, {"reason", state.tasks[place].reason}});
      }
    }
    report.bar("tasks", state.count(TaskPhase::done), state.wanted());
  }

 private:
  const SweepPlan& plan_;
  std::vector<bool> told_;
};

/// Sees to it that a job goes on with the sweep, with retries, the next rung, or the report, once what is in the queue
/// has ended. One that waits already does that for all that was submitted before it.
void submit_follow_up(const SweepPlan& plan, const std::string& directory, const std::vector<std::string>& submitted,
                      RunSettings& settings, slurm::Scheduler& scheduler) {
  std::set<std::string> after(submitted.begin(), submitted.end());
  for (const slurm::ItemState& item : scheduler.states()) {
    const bool waits = item.phase == slurm::ItemPhase::waiting;
    if (item.name.starts_with(follow_up_prefix)) {
      if (waits && submitted.empty()) return;
    } else if (waits || item.phase == slurm::ItemPhase::running || item.phase == slurm::ItemPhase::unknown) {
      after.insert(item.submission);
    }
  }
  if (after.empty()) return;
  slurm::Submission submission;
  submission.name = next_submission(plan, directory, settings);
  std::vector<std::string> command{own_program(), "sweep", "run", directory};
  add_input_check(settings.input_check, command);
  submission.items = {{fmt::format("{}{}", follow_up_prefix, settings.submissions), std::move(command)}};
  submission.resources.time_limit_seconds = follow_up_seconds;
  if (settings.asks_for_memory) submission.resources.memory_bytes_per_node = follow_up_memory_bytes;
  submission.batch = settings.batch;
  submission.batch.items_per_job = 1;
  submission.batch.items_at_once = 1;
  for (const std::string& name : after) submission.after.push_back({name, slurm::Dependency::On::ended});
  write_settings(directory, settings);
  scheduler.submit(submission);
}

[[noreturn]] void end_early(JobContext& context, const SweepState& state, const std::string& directory,
                            const char* reason) {
  context.report.finish();
  throw AgreedError(ExitCode::stopped_early,
                    fmt::format("{}: {} with {} of {} tasks done; rankwise sweep resume {} continues", directory,
                                reason, state.count(TaskPhase::done), state.wanted(), directory));
}

/// Where the scheduler does not answer nothing can be decided: it may be starting anew.
class SilencePatience {
 public:
  /// Whether to ask again before anything else. Throws Error(io_error) once it has been silent for too long.
  bool asks_again(const SweepState& state, const std::string& directory, Report& report) {
    const auto now = std::chrono::steady_clock::now();
    const TaskState* task = state.unanswered();
    if (task == nullptr) {
      answered_ = now;
      is_told_ = false;
      return false;
    }
    if (!is_told_) {
      report.line(fmt::format("{}; asking again for up to {:.0f} s", task->reason, silence_patience_seconds));
      is_told_ = true;
    }
    if (std::chrono::duration<double>(now - answered_).count() < silence_patience_seconds) return true;
    throw Error(ExitCode::io_error,
                fmt::format("{}: {}; rankwise sweep resume {} continues", directory, task->reason, directory));
  }

 private:
  std::chrono::steady_clock::time_point answered_ = std::chrono::steady_clock::now();
  bool is_told_ = false;
};

/// The last tasks have told what they found and are about to end, which their scheduler notes.
void wait_for_ends(slurm::Scheduler& scheduler) {
  const auto runs = [](const slurm::ItemState& item) {
    const bool is_task = !item.name.starts_with(follow_up_prefix) && !item.name.starts_with(refit_prefix);
    return is_task && item.phase == slurm::ItemPhase::running;
  };
  const auto begin = std::chrono::steady_clock::now();
  while (std::ranges::any_of(scheduler.states(), runs)) {
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() > end_patience_seconds) return;
    scheduler.wait(0.1);
  }
}

/// Tasks of a local scheduler write their checkpoints and end; others do not end with this process.
void end_what_runs_here(slurm::Scheduler& scheduler) {
  if (auto* local = dynamic_cast<slurm::LocalScheduler*>(&scheduler)) local->stop(stop_patience_seconds);
}

/// Submits and looks until the sweep is over, or is handed to jobs that go on by themselves.
SweepState drive(const SweepPlan& plan, const std::string& directory, RunSettings& settings, bool waits,
                 JobContext& context) {
  const auto scheduler = make_scheduler(directory, settings);
  scheduler->set_notice([&context](const std::string& line) { context.report.line(line); });
  scheduler->settle();
  StopRequests requests(std::nullopt, std::chrono::steady_clock::now());
  Ticker ticker(plan);
  SilencePatience patience;
  while (true) {
    SweepState state = sweep_state(plan, directory, settings, *scheduler);
    ticker.tell(state, directory, context.report);
    if (plan.rungs.size() > 1) remove_finished_work(plan, directory, state);
    if (state.is_over) {
      wait_for_ends(*scheduler);
      return state;
    }
    if (is_cancelled(directory)) {
      end_what_runs_here(*scheduler);
      end_early(context, state, directory, "cancelled");
    }
    if (requests.agreed(context.comm, 0) == StopRequest::stop) {
      end_what_runs_here(*scheduler);
      end_early(context, sweep_state(plan, directory, settings, *scheduler), directory,
                scheduler->outlives_process() ? "no longer waited for" : "stopped");
    }
    if (!patience.asks_again(state, directory, context.report)) {
      if (state.count(TaskPhase::open) > 0) require_planned_data(plan);
      const std::vector<std::string> submitted = submit_open(plan, directory, settings, state, *scheduler);
      if (!waits && scheduler->outlives_process()) {
        submit_follow_up(plan, directory, submitted, settings, *scheduler);
        return state;
      }
    }
    scheduler->wait(scheduler->outlives_process() ? slurm_look_seconds : local_look_seconds);
  }
}

/// The last training, with a trial's ranks, by the same scheduler.
void run_refit(const SweepPlan& plan, const std::string& directory, RunSettings& settings, bool waits,
               JobContext& context) {
  const auto scheduler = make_scheduler(directory, settings);
  scheduler->set_notice([&context](const std::string& line) { context.report.line(line); });
  scheduler->settle();
  for (const slurm::ItemState& item : scheduler->states()) {
    if (!item.name.starts_with(refit_prefix)) continue;
    if (item.phase == slurm::ItemPhase::unknown) throw Error(ExitCode::io_error, item.reason);
    const bool is_written = item.phase == slurm::ItemPhase::done && fs::exists(settings.refit_model);
    const bool is_queued = item.phase == slurm::ItemPhase::waiting || item.phase == slurm::ItemPhase::running;
    if (is_written || is_queued) return;
  }
  slurm::Submission submission = refit_submission(plan, directory, settings);
  write_settings(directory, settings);
  scheduler->submit(submission);
  if (!waits && scheduler->outlives_process()) {
    return context.report.line(
        fmt::format("{} is in the queue and will write {}", submission.name, settings.refit_model));
  }
  const std::string name = submission.items.front().name;
  StopRequests requests(std::nullopt, std::chrono::steady_clock::now());
  while (true) {
    for (const slurm::ItemState& item : scheduler->states()) {
      if (item.name != name) continue;
      if (item.phase == slurm::ItemPhase::done) {
        return context.report.line(fmt::format("wrote {}", settings.refit_model));
      }
      if (item.phase == slurm::ItemPhase::failed || item.phase == slurm::ItemPhase::lost) {
        for (const std::string& line : log_tail(directory, name)) context.report.line("    " + line);
        throw AgreedError(ExitCode::internal, fmt::format("{}: the refit failed: {}", directory, item.reason));
      }
    }
    if (requests.agreed(context.comm, 0) == StopRequest::stop) {
      end_what_runs_here(*scheduler);
      context.report.finish();
      throw AgreedError(ExitCode::stopped_early,
                        fmt::format("{}: the refit is {}; rankwise sweep resume {} continues", directory,
                                    scheduler->outlives_process() ? "no longer waited for" : "stopped", directory));
    }
    scheduler->wait(scheduler->outlives_process() ? slurm_look_seconds : local_look_seconds);
  }
}

}  // namespace

namespace {

/// Submits by `settings`, which are the directory's; where the scheduler refuses, only `earlier` ones stay, or, where
/// there are none, which scheduler it was.
void keeping_what_is_taken(const std::string& directory, const std::optional<RunSettings>& earlier,
                           const RunSettings& settings, const std::function<void()>& submit) {
  try {
    submit();
  } catch (const slurm::Refused&) {
    RunSettings defaults;
    defaults.scheduler = settings.scheduler;
    write_settings(directory, with_requests_of(earlier.value_or(defaults), settings));
    throw;
  }
}

}  // namespace

void forgive_sweep(const std::string& directory) {
  if (!read_settings(directory)) return;
  const FolderLock lock(directory, "forgive what failed in this sweep", read_settings(directory)->locking);
  std::optional<RunSettings> settings = read_settings(directory);
  forgive_failures(read_plan(directory), directory, *settings);
  write_settings(directory, *settings);
  unmark_cancelled(directory);
}

void run_sweep(const SweepRunOptions& options, RunStart start, JobContext& context) {
  require_single_rank(context.comm, start == RunStart::forgive ? "resume" : "run");
  const std::string directory = fs::absolute(options.directory).lexically_normal().string();
  Report& report = context.report;

  // 1. The plan, and no one else at it.
  SweepPlan plan = agree_on(context.comm, [&] { return read_plan(directory); });
  if (plan.version != program_version()) {
    throw AgreedError(ExitCode::usage, fmt::format("{}: was planned by {}, and this is {}; plan into a new directory "
                                                   "with --reuse {}",
                                                   directory, plan.version, program_version(), directory));
  }
  const auto lock = agree_on(context.comm, [&] {
    return std::make_unique<FolderLock>(directory, "run this sweep", asked_locking(options, directory));
  });
  warn_if_unlocked(report, directory, lock->fault());
  if (start == RunStart::forgive) unmark_cancelled(directory);
  if (is_cancelled(directory)) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("{}: was cancelled; rankwise sweep resume {} takes that back", directory, directory));
  }

  agree_on(context.comm, [&] { warn_of_damaged_records(plan, directory, report); });

  // 2. Every task that is not done.
  SweepState state;
  RunSettings settings;
  std::optional<RunSettings> earlier;
  agree_on(context.comm, [&] {
    earlier = read_settings(directory);
    settings = settled(options, directory, start, plan, context.comm);
    settings.input_check = context.common.input_check;
    if (!settings.data.empty() && (!earlier || settings.data != earlier->data)) {
      plan.data = settings.data;
      require_planned_data(plan);
    }
    require_outputs_apart(plan, {.directory = directory,
                                 .model = settings.refit_model,
                                 .metrics = settings.refit_metrics,
                                 .epochs_of = {},
                                 .data = {}});
    write_settings(directory, settings);
    place_data(plan, directory);
    if (settings.scheduler == SchedulerKind::slurm) tell_sbatch_variables(settings.batch, report);
    keeping_what_is_taken(directory, earlier, settings, [&] {
      state = drive(plan, directory, settings, options.waits, context);
      write_settings(directory, settings);
    });
  });

  // 3. What came out.
  if (state.is_over) {
    collect_sweep(plan, directory, context);
    if (settings.refit_model.empty()) return;
    keeping_what_is_taken(directory, earlier, settings,
                          [&] { run_refit(plan, directory, settings, options.waits, context); });
  } else {
    report.line(fmt::format("{} tasks are in the queue; rankwise sweep status {} shows their state",
                            state.wanted() - state.count(TaskPhase::done), directory));
  }
}

namespace {

void describe_settings(boost::program_options::options_description& description,
                       const std::shared_ptr<SweepRunOptions>& options) {
  namespace po = boost::program_options;
  const RunSettings defaults;
  describe_scheduler(description, options->changes);
  describe_locking(description, options->changes);
  const SettingChanges changes(options->changes);
  using Text = std::string;
  using Number = std::int64_t;
  // clang-format off
  description.add_options()
    ("data", changes.to(+[](RunSettings& settings, const Text& path) { settings.data = std::filesystem::absolute(path).lexically_normal().string(); }, read_file()),
     "where the data that was planned on is now, if the file or the sweep's folder was moved; accepted only if it is the same")
    ("memory", changes.to(+[](RunSettings& settings, const Text& text) { settings.memory_bytes = parse_bytes("memory", text); })->value_name("BYTES"),
     "local: likewise, as in 16GiB; without it no limit")
    ("max-retries", changes.to(+[](RunSettings& settings, const Number& retries) { within<Number>("max-retries", 0, 1000)(retries); settings.most_retries = static_cast<int>(retries); })->value_name("N"),
     fmt::format("of a task that failed, beside its first run; without it {}", defaults.most_retries).c_str())
    ("time-limit", changes.to(+[](RunSettings& settings, const Text& text) { settings.time_limit_seconds = parse_whole_seconds("time-limit", text); })->value_name("TIME"),
     "as in 4h or 1-12:00:00, of one run of a task, which continues from a checkpoint in the next; without it three times what is predicted, at least 10 minutes; jobs of several tasks: three times what all are predicted to take, if that is more")
    ("memory-safety", changes.to(+[](RunSettings& settings, const double& factor) { within<double>("memory-safety", 1, 100)(factor); settings.memory_safety = factor; })->value_name("FACTOR"),
     fmt::format("on predicted memory, in what a task asks for; without it {}", defaults.memory_safety).c_str())
    ("cores-per-node", changes.to(+[](RunSettings& settings, const Number& cores) { within<Number>("cores-per-node", 1, 100'000)(cores); settings.cores_per_node = cores; })->value_name("N"),
     "slurm: which a trial's ranks share; without it a trial is on one node")
    ("jobs-at-once", changes.to(+[](RunSettings& settings, const Number& jobs) { within<Number>("jobs-at-once", 0, 1'000'000)(jobs); settings.batch.jobs_at_once = jobs; })->value_name("N"),
     "slurm: at most; without it, or 0, as the cluster likes")
    ("tasks-per-job", changes.to(+[](RunSettings& settings, const Number& tasks) { within<Number>("tasks-per-job", 0, 10'000)(tasks); settings.tasks_per_job = tasks; })->value_name("N"),
     "slurm: small tasks share a job; without it, or 0, so many that it takes about two minutes")
    ("tasks-at-once", changes.to(+[](RunSettings& settings, const Number& tasks) { within<Number>("tasks-at-once", 1, 10'000)(tasks); settings.batch.items_at_once = tasks; })->value_name("N"),
     "slurm: of those, side by side; without it one")
    ("refit", changes.to(+[](RunSettings& settings, const Text& path) { settings.refit_model = std::filesystem::absolute(path).lexically_normal().string(); }, written_file(nullptr, hdf5_endings)),
     "als: at the end train the chosen trial on all of the training part and write this model")
    ("refit-metrics", changes.to(+[](RunSettings& settings, const Text& path) { settings.refit_metrics = std::filesystem::absolute(path).lexically_normal().string(); }, written_file(nullptr, json_endings)),
     "als: and what evaluate finds on the held-out part, as JSON")
    ("reset", po::bool_switch(&options->resets), "what is not given here is as without it, whatever earlier commands asked for; else that stays")
    ("wait", po::bool_switch(&options->waits), "slurm: look on until the sweep is over; else a job at the end of the queue retries, begins the next rung, and collects");
  // clang-format on
}

constexpr std::string_view run_notes =
    R"(What is done stays done: a task is done once its record is in DIR/records, whoever ran it. A task that ends with an error
is tried again --max-retries times, then left alone while the others go on; resume gives it as many tries again. Tasks that
were cancelled, killed with their node or lost by the queue are submitted again. At the end collect writes its report.
Options of one command hold for later ones too, until they are given anew; a scheduler that refuses leaves the earlier ones.
What earlier commands asked of Slurm is taken back by none (--constraint none), all of it by --reset. SBATCH_ACCOUNT,
SBATCH_PARTITION, SBATCH_QOS, SBATCH_RESERVATION and SBATCH_CLUSTERS (SLURM_CLUSTERS) of the environment hold where no
option says otherwise; no other SBATCH_*, SQUEUE_* or SCANCEL_* variable has an effect. If sbatch ends without an answer
("Socket timed out"), the job is looked for in the queue for 60 seconds, and once more before its work is submitted again.
One process at a time runs a sweep. Local tasks end with it; SIGINT or SIGTERM lets them write checkpoints (exit code 75).
DIR/scheduler holds logs/TASK.log, the batch scripts, and which job ran what.)";

template <RunStart start>
RunJob describe_run(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<SweepRunOptions>();
  description.add_options()("directory", written_folder(&options->directory, sweep_folder_files)->required(),
                            "folder of the sweep, as sweep plan makes it");
  describe_settings(description, options);
  return [options](JobContext& context) { run_sweep(*options, start, context); };
}

}  // namespace

Job sweep_run_job() {
  return {"sweep run", "have every task of a sweep done, here or through Slurm", run_notes,
          describe_run<RunStart::begin_or_go_on>, "directory"};
}

Job sweep_resume_job() {
  return {"sweep resume", "continue a sweep: what is missing, failed or was cancelled", run_notes,
          describe_run<RunStart::forgive>, "directory"};
}

}  // namespace rankwise
