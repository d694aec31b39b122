#include "slurm/work/local_scheduler.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <poll.h>
#include <sstream>
#include <unistd.h>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/process/host_name.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/number_text.hpp"
#include "slurm/process/child_process.hpp"
#include "slurm/work/attempts.hpp"
#include "slurm/work/item_states.hpp"
#include "slurm/work/submission_records.hpp"

namespace rankwise::slurm {

namespace {

using Clock = std::chrono::steady_clock;

/// From the signal to checkpoint to SIGTERM, and from that to SIGKILL.
constexpr double seconds_to_checkpoint = 20;
constexpr double seconds_to_end = 5;
constexpr int milliseconds_between_looks = 10;

Clock::time_point after_seconds(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

std::int64_t cores_of(const Resources& need) {
  return need.tasks * need.cpus_per_task;
}

double memory_of(const Resources& need) {
  return static_cast<double>(need.nodes) * static_cast<double>(need.memory_bytes_per_node);
}

/// Alone, or under mpirun.
std::vector<std::string> launched(const WorkItem& item, std::int64_t tasks) {
  if (tasks == 1) return item.command;
  // Several items share the cores, so that none may bind its ranks, and waiting ranks leave theirs to others.
  std::vector<std::string> arguments{
      "mpirun", "--oversubscribe",    "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1",
      "-n",     std::to_string(tasks)};
  arguments.insert(arguments.end(), item.command.begin(), item.command.end());
  return arguments;
}

/// Whether a process has the variable in the environment that it began with, as its children have.
bool has_variable(const std::filesystem::path& process, const std::string& variable) {
  std::istringstream environment(whole_file(process / "environ").value_or(""));
  for (std::string text; std::getline(environment, text, '\0');) {
    if (text == variable) return true;
  }
  return false;
}

/// A living process of one of these jobs, which may be a rank of it; 0: there is none.
pid_t living_process(const std::vector<Job>& jobs) {
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failure)) {
    const auto process = whole_number<pid_t>(entry.path().filename().string());
    if (!process || *process == getpid()) continue;
    const auto is_of = [&](const Job& job) {
      return has_variable(entry.path(), fmt::format("{}{}", local_job_variable, job.name));
    };
    if (std::ranges::any_of(jobs, is_of)) return *process;
  }
  return 0;
}

/// What lets an item write its checkpoint. mpirun hands SIGUSR2 to all ranks and waits for them; after SIGTERM it kills
/// them within 2 s and ends with 1, and its parameter for more time delays every end of a run that failed.
int signal_to_stop(std::int64_t tasks) {
  return tasks == 1 ? SIGTERM : SIGUSR2;
}

}  // namespace

struct LocalScheduler::Impl {
  /// An item that waits, or runs.
  struct Work {
    WorkItem item;
    const Submission* submission = nullptr;
    std::string job;
    std::int64_t restart = 0;
    bool was_killed = false;  ///< its last run, by a signal before its time limit
  };

  /// A run, and the signals that it is to get when.
  struct Run {
    Work work;
    Attempt attempt;
    ChildProcess process;
    std::vector<std::pair<Clock::time_point, int>> signals;  ///< ascending
    std::size_t limit_signals = 0;                           ///< of those, at first, because of the time limit
  };

  std::string folder;
  LocalLimits limits;
  std::string owner = fmt::format("{}@{}", getpid(), host_name());
  std::vector<Job> jobs;
  std::map<std::string, Submission> submissions;  ///< of this process
  std::vector<Work> waiting;
  std::vector<Run> running;
  std::map<std::string, std::string> dropped;  ///< items that are not to run (again), and why

  void start(Work work);
  bool start_what_fits();
  bool reap();
  void send_due_signals();
  bool advance();
  [[nodiscard]] bool fits(const Resources& need) const;
  [[nodiscard]] bool may_begin(const Submission& submission);
  [[nodiscard]] TaskInQueue place(const Job& job, const std::string& item) const;
};

bool LocalScheduler::Impl::fits(const Resources& need) const {
  std::int64_t cores = cores_of(need);
  double memory = memory_of(need);
  for (const Run& run : running) {
    cores += cores_of(run.work.submission->resources);
    memory += memory_of(run.work.submission->resources);
  }
  return cores <= limits.cores && (limits.memory_bytes == 0 || memory <= static_cast<double>(limits.memory_bytes));
}

/// Drops what waits for a success that can no longer be.
bool LocalScheduler::Impl::may_begin(const Submission& submission) {
  for (const Dependency& dependency : submission.after) {
    const auto is_of = [&dependency](const Work& work) { return work.submission->name == dependency.submission; };
    const auto runs = [&is_of](const Run& run) { return is_of(run.work); };
    if (std::ranges::any_of(waiting, is_of) || std::ranges::any_of(running, runs)) return false;
    if (dependency.on == Dependency::On::ended) continue;
    for (const Job& job : jobs) {
      if (job.submission != dependency.submission) continue;
      for (const auto& task : job.tasks) {
        const std::vector<Attempt> attempts = read_attempts(folder, task.front());
        if (item_state(task.front(), job, {}, attempts).phase != ItemPhase::done) {
          for (const WorkItem& item : submission.items) {
            dropped[item.name] = fmt::format("{} of {} is not done", task.front(), dependency.submission);
          }
          return false;
        }
      }
    }
  }
  return true;
}

void LocalScheduler::Impl::start(Work work) {
  const Submission& submission = *work.submission;
  const std::string log = log_path(folder, work.item.name);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (output < 0) throw Error(ExitCode::cannot_create, fmt::format("{}: cannot be written", log));
  const std::vector<std::string> environment{fmt::format("OMP_NUM_THREADS={}", submission.resources.cpus_per_task),
                                             fmt::format("{}{}", local_job_variable, work.job)};
  ChildProcess process({.arguments = launched(work.item, submission.resources.tasks),
                        .environment = clean_environment(environment),
                        .output = output,
                        .error = output,
                        .signal_when_left = signal_to_stop(submission.resources.tasks)});
  close(output);
  Run run{.work = std::move(work), .attempt = {}, .process = std::move(process), .signals = {}, .limit_signals = 0};
  run.attempt = {.job = run.work.job,
                 .job_id = std::to_string(run.process.pid()),
                 .restart = run.work.restart,
                 .host = host_name(),
                 .begin_seconds = std::time(nullptr),
                 .end_seconds = {},
                 .exit_code = {}};
  append_attempt(folder, run.work.item.name, run.attempt);
  if (const auto limit = static_cast<double>(submission.resources.time_limit_seconds); limit > 0) {
    const auto lead = static_cast<double>(submission.signal_seconds);
    run.signals = {{after_seconds(std::max(limit - lead, limit / 2)), SIGUSR2},
                   {after_seconds(limit), SIGTERM},
                   {after_seconds(limit + seconds_to_end), SIGKILL}};
    run.limit_signals = run.signals.size();
  }
  running.push_back(std::move(run));
}

bool LocalScheduler::Impl::start_what_fits() {
  bool started = false;
  std::map<const Submission*, bool> ready;
  for (std::size_t next = 0; next < waiting.size();) {
    const Submission* submission = waiting[next].submission;
    if (!ready.contains(submission)) ready[submission] = may_begin(*submission);
    const bool is_dropped = dropped.contains(waiting[next].item.name);
    if (!is_dropped && (!ready[submission] || !fits(submission->resources))) {
      ++next;
      continue;
    }
    Work work = std::move(waiting[next]);
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(next));
    if (!is_dropped) start(std::move(work));
    started = true;
  }
  return started;
}

bool LocalScheduler::Impl::reap() {
  bool ended = false;
  for (std::size_t r = 0; r < running.size();) {
    const std::optional<int> code = running[r].process.exit_code();
    if (!code) {
      ++r;
      continue;
    }
    Run run = std::move(running[r]);
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(r));
    run.attempt.end_seconds = std::time(nullptr);
    run.attempt.exit_code = code;
    append_attempt(folder, run.work.item.name, run.attempt);
    ended = true;
    const bool out_of_time = run.signals.size() < run.limit_signals;
    // Killed by a signal that it did not expect yet: once more, but not for ever.
    const bool is_killed = out_of_time && *code > 128;
    if (is_killed && run.work.was_killed) dropped.try_emplace(run.work.item.name, "reached its time limit");
    if ((*code != run_again_code && !is_killed) || dropped.contains(run.work.item.name)) continue;
    ++run.work.restart;
    run.work.was_killed = is_killed;
    waiting.insert(waiting.begin(), std::move(run.work));
  }
  return ended;
}

void LocalScheduler::Impl::send_due_signals() {
  for (Run& run : running) {
    while (!run.signals.empty() && run.signals.front().first <= Clock::now()) {
      run.process.send_signal(run.signals.front().second);
      run.signals.erase(run.signals.begin());
    }
  }
}

bool LocalScheduler::Impl::advance() {
  const bool ended = reap();
  send_due_signals();
  return start_what_fits() || ended;
}

TaskInQueue LocalScheduler::Impl::place(const Job& job, const std::string& item) const {
  using Place = TaskInQueue::Place;
  if (job.id == owner) {
    for (const Run& run : running) {
      if (run.work.item.name == item) return {Place::running, run.attempt.job_id, ""};
    }
    for (const Work& work : waiting) {
      if (work.item.name == item)
        return {Place::waiting, "", fits(work.submission->resources) ? "" : "waits for cores or memory"};
    }
    const auto reason = dropped.find(item);
    return reason == dropped.end() ? TaskInQueue() : TaskInQueue{Place::ended, "", reason->second};
  }
  const std::size_t at = job.id.find('@');
  if (at == std::string::npos) return {Place::absent, "", "never began"};
  if (job.id.substr(at + 1) != host_name()) {
    return {Place::unknown, "", fmt::format("only {} knows", job.id.substr(at + 1))};
  }
  const pid_t process = whole_number<pid_t>(std::string_view(job.id).substr(0, at)).value_or(0);
  const bool is_alive = process > 0 && kill(process, 0) == 0;
  return {is_alive ? Place::running : Place::absent, "", ""};
}

LocalScheduler::LocalScheduler(std::string folder, LocalLimits limits) : impl_(std::make_unique<Impl>()) {
  make_scheduler_folder(folder);
  impl_->folder = std::move(folder);
  impl_->limits = limits;
  impl_->jobs = read_jobs(impl_->folder);
}

LocalScheduler::~LocalScheduler() = default;

void LocalScheduler::settle() {
  std::vector<Job> earlier = impl_->jobs;
  std::erase_if(earlier, [this](const Job& job) { return job.id == impl_->owner; });
  if (earlier.empty()) return;
  for (pid_t told = 0;;) {
    const pid_t process = living_process(earlier);
    if (process == 0) return;
    if (process != told) {
      tell(
          fmt::format("waiting for process {}, which outlived the command that started it, to write its checkpoint and "
                      "end",
                      process));
    }
    told = process;
    poll(nullptr, 0, 20 * milliseconds_between_looks);
  }
}

void LocalScheduler::submit(const Submission& submission) {
  Impl& local = *impl_;
  require_names(submission, local.jobs);
  const Resources& need = submission.resources;
  if (cores_of(need) > local.limits.cores) {
    throw Refused(ExitCode::usage, fmt::format("submission {}: an item needs {} cores, and {} may be used",
                                               submission.name, cores_of(need), local.limits.cores));
  }
  if (local.limits.memory_bytes > 0 && memory_of(need) > static_cast<double>(local.limits.memory_bytes)) {
    throw Refused(ExitCode::usage,
                  fmt::format("submission {}: an item needs {:.0f} bytes of memory, and {} may be used",
                              submission.name, memory_of(need), local.limits.memory_bytes));
  }
  Job job = jobs_of(submission, 1, std::ssize(submission.items)).front();
  record_intent(local.folder, job);
  job.id = local.owner;
  record_answer(local.folder, job);
  const Submission& kept = local.submissions.emplace(submission.name, submission).first->second;
  for (const WorkItem& item : kept.items) {
    local.dropped.erase(item.name);
    local.waiting.push_back({.item = item, .submission = &kept, .job = job.name});
  }
  local.jobs.push_back(std::move(job));
}

std::vector<ItemState> LocalScheduler::states() {
  impl_->advance();
  const auto queue = [this](const Job& job, std::size_t task) { return impl_->place(job, job.tasks[task].front()); };
  return item_states(impl_->jobs, queue,
                     [this](const std::string& item) { return read_attempts(impl_->folder, item); });
}

void LocalScheduler::cancel(std::span<const std::string> items) {
  impl_->reap();
  for (const std::string& item : items) {
    const auto is_it = [&item](const Impl::Work& work) { return work.item.name == item; };
    bool found = std::erase_if(impl_->waiting, is_it) > 0;
    for (Impl::Run& run : impl_->running) {
      if (!is_it(run.work)) continue;
      found = true;
      run.signals = {{Clock::now(), SIGUSR2},
                     {after_seconds(seconds_to_checkpoint), SIGTERM},
                     {after_seconds(seconds_to_checkpoint + seconds_to_end), SIGKILL}};
    }
    if (found) impl_->dropped[item] = "cancelled";
  }
  impl_->send_due_signals();
}

void LocalScheduler::wait(double seconds) {
  const Clock::time_point deadline = after_seconds(seconds);
  while (!impl_->advance() && Clock::now() < deadline) poll(nullptr, 0, milliseconds_between_looks);
}

void LocalScheduler::stop(double seconds) {
  std::vector<std::string> items;
  for (const Impl::Work& work : impl_->waiting) items.push_back(work.item.name);
  for (const Impl::Run& run : impl_->running) items.push_back(run.work.item.name);
  cancel(items);
  const Clock::time_point deadline = after_seconds(seconds);
  while (!impl_->running.empty() && Clock::now() < deadline) wait(0.1);
  for (Impl::Run& run : impl_->running) run.process.send_signal(SIGKILL);
  while (!impl_->running.empty()) wait(0.1);
}

}  // namespace rankwise::slurm
