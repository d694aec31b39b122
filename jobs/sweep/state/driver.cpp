#include "jobs/sweep/state/driver.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "io/files/content_hash.hpp"
#include "jobs/sweep/plan/plan_file.hpp"
#include "jobs/sweep/plan/programs.hpp"
#include "jobs/sweep/state/scheduler_folder.hpp"
#include "kernels/process/small_file.hpp"
#include "slurm/work/attempts.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;
using slurm::ItemPhase;
using slurm::ItemState;

/// A task whose node or job dies again and again is left alone, too.
constexpr int more_losses = 5;
/// What a job of packed small tasks should take, so that Slurm's own work is small beside it.
constexpr double packed_seconds = 120;
constexpr std::int64_t most_packed = 50;
constexpr std::int64_t least_memory_bytes = 64 << 20;
constexpr std::int64_t least_time_seconds = 600;
constexpr double time_safety = 3;

struct RunCounts {
  int failed = 0;
  int lost = 0;
};

RunCounts counted_runs(const std::vector<slurm::Attempt>& attempts) {
  RunCounts counts;
  for (const slurm::Attempt& attempt : attempts) {
    if (!attempt.exit_code || *attempt.exit_code > 128) {
      ++counts.lost;
    } else if (*attempt.exit_code != 0 && *attempt.exit_code != slurm::run_again_code) {
      ++counts.failed;
    }
  }
  return counts;
}

std::vector<slurm::Attempt> attempts_of(const std::string& directory, const std::string& name) {
  return slurm::read_attempts(scheduler_folder(directory), name);
}

/// Runs of the task, and of its program those that ended badly without a task under way to blame.
RunCounts blamed_runs(const SweepPlan& plan, const std::string& directory, const SweepTask& task) {
  RunCounts own = counted_runs(attempts_of(directory, task.name));
  if (!task.shares_program()) return own;
  RunCounts program = counted_runs(attempts_of(directory, task.program));
  int to_blame = 0;
  for (const SweepTask& other : plan.tasks) {
    if (other.program == task.program) to_blame += counted_runs(attempts_of(directory, other.name)).lost;
  }
  // A task under which its program ended with an error has failed; only as many as the program was lost may be lost
  // too.
  const int ended_by_error = std::max(0, own.lost - program.lost);
  own.failed += ended_by_error;
  own.lost -= ended_by_error;
  const int explained = std::min(to_blame, program.lost);
  own.lost += program.lost - explained;
  own.failed += std::max(0, program.failed - (to_blame - explained));
  return own;
}

/// Whether the task's own last run tells how it failed, and how.
std::string failure_of(const std::vector<slurm::Attempt>& attempts) {
  if (attempts.empty() || attempts.back().exit_code == 0) return {};
  const std::optional<int> code = attempts.back().exit_code;
  return code ? fmt::format("exit code {}", *code) : fmt::format("its program ended under it");
}

TaskState state_of(const SweepPlan& plan, const SweepTask& task, bool has_record, const ItemState* item,
                   const std::string& directory, const RunSettings& settings) {
  TaskState state;
  if (item != nullptr) {
    state.reason = item->reason;
    state.job_id = item->job_id;
    state.lost = item->phase == ItemPhase::lost;
  }
  if (has_record) {
    state.phase = TaskPhase::done;
    return state;
  }
  if (item == nullptr) {
    state.phase = TaskPhase::open;
    return state;
  }
  if (item->phase == ItemPhase::running) {
    state.phase = TaskPhase::running;
    if (!task.shares_program()) return state;
    const auto attempts = attempts_of(directory, task.name);
    const bool is_under_way = !attempts.empty() && !attempts.back().exit_code;
    if (!is_under_way) state.phase = TaskPhase::waiting;
    return state;
  }
  // Where the queue does not answer nothing is known to be lost.
  state.unknown = item->phase == ItemPhase::unknown;
  if (item->phase == ItemPhase::waiting || item->phase == ItemPhase::unknown) {
    state.phase = TaskPhase::waiting;
    return state;
  }
  const RunCounts runs = blamed_runs(plan, directory, task);
  const auto forgiven = settings.forgiven.find(task.name);
  state.failures = runs.failed - (forgiven == settings.forgiven.end() ? 0 : forgiven->second);
  const std::string failure = task.shares_program() ? failure_of(attempts_of(directory, task.name)) : std::string();
  const bool lacks_record = item->phase == ItemPhase::done && failure.empty();
  if (lacks_record) state.reason = "ended well, but its record is not there";
  if (!failure.empty()) state.reason = failure;
  // "Done" without a record cannot be told by a run's exit code.
  const int blamed = state.failures + (lacks_record ? 1 : 0);
  const bool fails = blamed > settings.most_retries || runs.lost > settings.most_retries + more_losses;
  state.phase = fails ? TaskPhase::failed : TaskPhase::open;
  return state;
}

/// To `least` times a power of two; what is more than any machine has, to a little more than that.
std::int64_t rounded_up(double value, std::int64_t least) {
  constexpr double most_units = 0x1p22;
  const double units = std::ceil(std::clamp(value / static_cast<double>(least), 1.0, most_units));
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(units))) * least;
}

double predicted_seconds(const SweepPlan& plan, const ProgramTasks& tasks) {
  double seconds = 0;
  for (const SweepTask* task : tasks) seconds += plan.predicted_seconds(*task);
  return seconds;
}

/// 0 where nothing is predicted.
double longest_seconds(const SweepPlan& plan, const std::vector<ProgramTasks>& programs) {
  double longest = 0;
  if (plan.trials.front().epoch_seconds <= 0) return longest;
  for (const ProgramTasks& tasks : programs) longest = std::max(longest, predicted_seconds(plan, tasks));
  return longest;
}

std::int64_t parts(std::int64_t count, std::int64_t of_each) {
  return (count + of_each - 1) / of_each;
}

/// How `count` programs, of which none takes longer than `longest_seconds`, share jobs, and how long these may run.
void pack(std::int64_t count, double longest_seconds, const RunSettings& settings, slurm::Submission& submission) {
  slurm::BatchRequest& batch = submission.batch;
  const bool is_predicted = longest_seconds > 0;
  if (settings.tasks_per_job > 0) {
    batch.items_per_job = settings.tasks_per_job;
  } else {
    const double fitting = is_predicted ? packed_seconds / longest_seconds : 1.0;
    const auto most = static_cast<std::int64_t>(std::clamp(fitting, 1.0, static_cast<double>(most_packed)));
    // Jobs of one size: they end together where they begin together.
    batch.items_per_job = std::max(parts(count, parts(count, most)), batch.items_at_once);
  }
  if (!is_predicted) return;
  // Partitions have limits, too: what all of them are predicted to take, not what each may take at worst.
  const double rounds = static_cast<double>(parts(batch.items_per_job, batch.items_at_once));
  batch.job_time_limit_seconds = std::max(submission.resources.time_limit_seconds,
                                          rounded_up(rounds * longest_seconds * time_safety, least_time_seconds));
}

slurm::WorkItem item_of(const SweepPlan& plan, const std::string& directory, const ProgramTasks& tasks,
                        InputCheck check) {
  std::vector<std::string> command{own_program(), "sweep", "trial", directory};
  for (const SweepTask* task : tasks) command.insert(command.end(), {"--task", task->name});
  command.insert(command.end(), {"--threads", std::to_string(plan.threads_per_rank)});
  add_input_check(check, command);
  return {tasks.front()->program, std::move(command)};
}

/// Tasks that are to be submitted, by their programs.
std::vector<ProgramTasks> open_programs(const SweepPlan& plan, const SweepState& state) {
  std::vector<ProgramTasks> programs;
  const std::vector<std::vector<std::size_t>> all = trials_of_programs(plan);
  for (std::size_t rung = 0; rung < plan.rungs.size(); ++rung) {
    for (const std::vector<std::size_t>& trials : all) {
      for (std::size_t fold = 0; fold < plan.folds.size(); ++fold) {
        ProgramTasks open;
        for (const std::size_t trial : trials) {
          const std::size_t place = plan.task_place(trial, fold, rung);
          if (state.tasks[place].phase == TaskPhase::open) open.push_back(&plan.tasks[place]);
        }
        if (!open.empty()) programs.push_back(std::move(open));
      }
    }
  }
  return programs;
}

}  // namespace

const TaskState* SweepState::unanswered() const {
  const auto found = std::ranges::find(tasks, true, &TaskState::unknown);
  return found == tasks.end() ? nullptr : &*found;
}

Index SweepState::count(TaskPhase phase) const {
  return std::ranges::count(tasks, phase, &TaskState::phase);
}

Index SweepState::wanted() const {
  return static_cast<Index>(tasks.size()) - count(TaskPhase::pending);
}

int failed_runs(const SweepPlan& plan, const std::string& directory, const SweepTask& task) {
  return blamed_runs(plan, directory, task).failed;
}

std::vector<std::string> log_tail(const std::string& directory, const SweepTask& task) {
  const std::vector<std::string> own = log_tail(directory, task.name);
  return own.empty() ? log_tail(directory, task.program) : own;
}

SweepState sweep_state(const SweepPlan& plan, const std::string& directory, const RunSettings& settings,
                       slurm::Scheduler& scheduler) {
  // The scheduler first: a task that ends in between then has its record already.
  std::map<std::string, ItemState> items;
  SweepState state;
  for (ItemState& item : scheduler.states()) {
    const bool is_there = item.phase == ItemPhase::waiting || item.phase == ItemPhase::running;
    state.has_follow_up = state.has_follow_up || (is_there && item.name.starts_with(follow_up_prefix));
    items.insert_or_assign(item.name, std::move(item));
  }
  state.records = read_records(plan, directory);
  state.tasks.resize(plan.tasks.size());
  bool is_settled = true;  // all rungs so far: the next one is known
  for (std::size_t rung = 0; rung < plan.rungs.size() && is_settled; ++rung) {
    for (const std::size_t trial : trials_of_rung(plan, state.records, rung)) {
      for (std::size_t fold = 0; fold < plan.folds.size(); ++fold) {
        const std::size_t place = plan.task_place(trial, fold, rung);
        const SweepTask& task = plan.tasks[place];
        const auto item = items.find(task.program);
        TaskState& known = state.tasks[place];
        known = state_of(plan, task, state.records[place].has_value(), item == items.end() ? nullptr : &item->second,
                         directory, settings);
        is_settled = is_settled && (known.phase == TaskPhase::done || known.phase == TaskPhase::failed);
      }
    }
  }
  state.is_over = is_settled;
  return state;
}

std::string next_submission(const SweepPlan& plan, const std::string& directory, RunSettings& settings) {
  return fmt::format("sweep-{}-{}", content_hash(directory + plan_json(plan)).substr(0, 8), ++settings.submissions);
}

slurm::Resources program_needs(const SweepPlan& plan, const ProgramTasks& tasks, const RunSettings& settings) {
  slurm::Resources needs;
  needs.tasks = plan.ranks;
  needs.cpus_per_task = plan.threads_per_rank;
  std::int64_t ranks_per_node = plan.ranks;
  if (settings.cores_per_node > 0) {
    ranks_per_node = std::clamp<std::int64_t>(settings.cores_per_node / plan.threads_per_rank, 1, plan.ranks);
    needs.nodes = (plan.ranks + ranks_per_node - 1) / ranks_per_node;
  }
  double memory_bytes = 0;
  for (const SweepTask* task : tasks) memory_bytes = std::max(memory_bytes, plan.trials[task->trial].memory_bytes);
  if (memory_bytes > 0 && settings.asks_for_memory) {
    needs.memory_bytes_per_node =
        rounded_up(memory_bytes * settings.memory_safety * static_cast<double>(ranks_per_node), least_memory_bytes);
  }
  needs.time_limit_seconds = settings.time_limit_seconds * static_cast<std::int64_t>(tasks.size());
  if (needs.time_limit_seconds == 0 && plan.trials[tasks.front()->trial].epoch_seconds > 0) {
    needs.time_limit_seconds = rounded_up(predicted_seconds(plan, tasks) * time_safety, least_time_seconds);
  }
  return needs;
}

std::vector<std::string> submit_open(const SweepPlan& plan, const std::string& directory, RunSettings& settings,
                                     const SweepState& state, slurm::Scheduler& scheduler) {
  const auto key_of = [](const slurm::Resources& needs) {
    return std::pair(needs.memory_bytes_per_node, needs.time_limit_seconds);
  };
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<ProgramTasks>> groups;
  for (ProgramTasks& tasks : open_programs(plan, state)) {
    groups[key_of(program_needs(plan, tasks, settings))].push_back(std::move(tasks));
  }
  std::vector<std::string> names;
  for (const auto& [key, programs] : groups) {
    slurm::Submission submission;
    submission.name = next_submission(plan, directory, settings);
    for (const ProgramTasks& tasks : programs)
      submission.items.push_back(item_of(plan, directory, tasks, settings.input_check));
    submission.resources = program_needs(plan, programs.front(), settings);
    submission.signal_seconds = settings.signal_seconds;
    submission.batch = settings.batch;
    pack(static_cast<std::int64_t>(programs.size()), longest_seconds(plan, programs), settings, submission);
    write_settings(directory, settings);  // no name is used twice, whatever happens next
    scheduler.submit(submission);
    names.push_back(submission.name);
  }
  return names;
}

slurm::Submission refit_submission(const SweepPlan& plan, const std::string& directory, RunSettings& settings) {
  const SweepTask& last = plan.task(0, 0, plan.rungs.size() - 1);
  slurm::Submission submission;
  submission.name = next_submission(plan, directory, settings);
  std::vector<std::string> command{own_program(), "sweep", "refit", directory, "--model", settings.refit_model};
  if (!settings.refit_metrics.empty()) command.insert(command.end(), {"--metrics", settings.refit_metrics});
  command.insert(command.end(), {"--threads", std::to_string(plan.threads_per_rank)});
  add_input_check(settings.input_check, command);
  submission.items = {{fmt::format("{}{}", refit_prefix, settings.submissions), std::move(command)}};
  submission.resources = program_needs(plan, {&last}, settings);
  submission.signal_seconds = settings.signal_seconds;
  submission.batch = settings.batch;
  submission.batch.items_per_job = 1;
  submission.batch.items_at_once = 1;
  return submission;
}

void remove_finished_work(const SweepPlan& plan, const std::string& directory, const SweepState& state) {
  std::size_t known_rungs = 0;  // those whose trials are known
  for (std::size_t place = 0; place < plan.tasks.size(); ++place) {
    if (state.tasks[place].phase != TaskPhase::pending) known_rungs = plan.tasks[place].rung + 1;
  }
  for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) {
    for (std::size_t fold = 0; fold < plan.folds.size(); ++fold) {
      std::size_t rung = 0;  // the trial's last
      while (rung + 1 < known_rungs && state.tasks[plan.task_place(trial, fold, rung + 1)].phase != TaskPhase::pending)
        ++rung;
      const bool goes_no_further = state.is_over || rung + 1 < known_rungs;
      const std::size_t place = plan.task_place(trial, fold, rung);
      if (!goes_no_further || state.tasks[place].phase != TaskPhase::done) continue;
      std::error_code ignored;
      fs::remove_all(work_folder(directory, plan.tasks[place]), ignored);
    }
  }
}

}  // namespace rankwise
