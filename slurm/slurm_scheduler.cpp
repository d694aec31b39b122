#include "slurm/slurm_scheduler.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include "kernels/error.hpp"
#include "slurm/array_script.hpp"
#include "slurm/attempts.hpp"
#include "slurm/command.hpp"
#include "slurm/folder_file.hpp"
#include "slurm/item_states.hpp"
#include "slurm/slurm_queue.hpp"
#include "slurm/submission_records.hpp"

namespace rankwise::slurm {

namespace {

/// By name of the job and number of the task; of several, the one that can still run.
class Queue {
 public:
  explicit Queue(std::vector<QueueEntry> entries) {
    for (QueueEntry& entry : entries) {
      const std::pair key(entry.name, entry.task);
      const auto known = entries_.find(key);
      if (known != entries_.end() && is_queued(known->second)) continue;
      entries_.insert_or_assign(key, std::move(entry));
    }
  }
  [[nodiscard]] const QueueEntry* find(const Job& job, std::size_t task) const {
    const auto found = entries_.find(std::pair(job.name, std::to_string(task)));
    return found == entries_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::pair<std::string, std::string>, QueueEntry> entries_;
};

bool all_are_over(const std::string& folder, const Job& job) {
  const auto item_is_over = [&](const std::string& item) { return is_over(job, read_attempts(folder, item)); };
  return std::ranges::all_of(job.tasks, [&](const auto& task) { return std::ranges::all_of(task, item_is_over); });
}

std::vector<std::string> names_of(const std::vector<Job>& jobs) {
  std::vector<std::string> names;
  names.reserve(jobs.size());
  for (const Job& job : jobs) names.push_back(job.name);
  return names;
}

/// Why a task that Slurm has forgotten came to its end: what its daemon wrote into the job's log at last.
std::string last_words(const std::string& folder, const Job& job, std::size_t task) {
  std::istringstream lines(file_text(fmt::format("{}/logs/{}_{}.log", folder, job.name, task)));
  std::string words;
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t mark = line.find("error: *** "); mark != std::string::npos) words = line.substr(mark + 11);
  }
  if (words.ends_with(" ***")) words.resize(words.size() - 4);
  return words;
}

void require_sense(const Submission& submission) {
  const auto refuse = [&submission](std::string_view reason) {
    throw Refused(ExitCode::usage, fmt::format("submission {}: {}", submission.name, reason));
  };
  const BatchRequest& batch = submission.batch;
  if (batch.items_per_job < 1 || batch.items_at_once < 1) refuse("a job has at least one item");
  if (batch.items_at_once > batch.items_per_job) refuse("a job cannot run more items at once than it has");
  if (batch.items_at_once > 1 && submission.resources.nodes > 1) {
    refuse("items that run side by side in a job share one node, but each asks for several");
  }
}

/// Tasks that one array may have.
std::int64_t most_tasks_of(const std::map<std::string, std::string>& configuration) {
  std::int64_t most = number_in(configuration, "MaxArraySize", 1001);
  constexpr std::string_view key = "max_array_tasks=";
  const auto parameters = configuration.find("SchedulerParameters");
  if (parameters != configuration.end()) {
    const std::string& text = parameters->second;
    if (const std::size_t at = text.find(key); at != std::string::npos) {
      std::int64_t stated = most;
      std::from_chars(text.data() + at + key.size(), text.data() + text.size(), stated);
      most = std::min(most, stated);
    }
  }
  return std::max<std::int64_t>(most, 1);
}

void require_room(const Submission& submission, const std::map<std::string, std::string>& configuration) {
  const std::int64_t per_job = submission.batch.items_per_job;
  const std::int64_t tasks = (std::ssize(submission.items) + per_job - 1) / per_job;
  const std::int64_t most = number_in(configuration, "MaxJobCount", std::numeric_limits<std::int64_t>::max());
  if (tasks < most) return;
  throw Refused(ExitCode::usage,
                fmt::format("submission {}: {} jobs, and the cluster's queue holds {} (MaxJobCount) at "
                            "most: put more than {} items into a job",
                            submission.name, tasks, most, per_job));
}

}  // namespace

struct SlurmScheduler::Impl {
  std::string folder;

  [[nodiscard]] std::string dependency_of(const Submission& submission, const std::vector<Job>& known) const;
  void hand_over(Job job, const std::string& script) const;
};

/// As #SBATCH has it: jobs that are over need not be waited for, and Slurm may have forgotten them.
std::string SlurmScheduler::Impl::dependency_of(const Submission& submission, const std::vector<Job>& known) const {
  std::vector<std::string> conditions;
  for (const Dependency& dependency : submission.after) {
    std::vector<Job> jobs;
    std::ranges::copy_if(known, std::back_inserter(jobs),
                         [&](const Job& job) { return job.submission == dependency.submission; });
    const Queue queue(ask_queue(names_of(jobs)));
    const bool needs_success = dependency.on == Dependency::On::succeeded;
    for (const Job& job : jobs) {
      bool is_queued_still = false;
      std::string id = job.id;
      for (std::size_t task = 0; task < job.tasks.size(); ++task) {
        const QueueEntry* entry = queue.find(job, task);
        if (entry == nullptr || !is_queued(*entry)) continue;
        is_queued_still = true;
        id = entry->array;
      }
      if (is_queued_still) {
        conditions.push_back((needs_success ? "afterok:" : "afterany:") + id);
        continue;
      }
      for (const auto& task : needs_success ? job.tasks : std::vector<std::vector<std::string>>()) {
        for (const std::string& item : task) {
          const ItemState state = item_state(item, job, {}, read_attempts(folder, item));
          if (state.phase == ItemPhase::done) continue;
          throw Error(ExitCode::usage,
                      fmt::format("submission {} waits for the success of {}, whose item {} is not done",
                                  submission.name, dependency.submission, item));
        }
      }
    }
  }
  return fmt::format("{}", fmt::join(conditions, ","));
}

/// Whatever happens on the way, the job is found again by its name.
void SlurmScheduler::Impl::hand_over(Job job, const std::string& script) const {
  const std::string path = fmt::format("{}/{}.sbatch", folder, job.name);
  replace_file(path, script);
  record_intent(folder, job);
  try {
    job.id = submit_script(path);
  } catch (const Error& failure) {
    const std::vector<QueueEntry> entries = ask_queue({job.name});  // throws where Slurm does not answer at all
    if (entries.empty()) {
      job.refused = true;
      record_answer(folder, job);
      throw Refused(ExitCode::io_error, fmt::format("{}: {}", path, failure.what()));
    }
    job.id = entries.front().array;
  }
  record_answer(folder, job);
}

SlurmScheduler::SlurmScheduler(const std::string& folder) : impl_(std::make_unique<Impl>()) {
  make_scheduler_folder(folder);
  impl_->folder = std::filesystem::absolute(folder).lexically_normal();
}

SlurmScheduler::~SlurmScheduler() = default;

void SlurmScheduler::submit(const Submission& submission) {
  const std::vector<Job> known = read_jobs(impl_->folder);
  require_names(submission, known);
  require_sense(submission);
  const std::map<std::string, std::string> configuration = ask_configuration();
  require_room(submission, configuration);
  const std::string dependency = impl_->dependency_of(submission, known);
  for (Job& job : jobs_of(submission, submission.batch.items_per_job, most_tasks_of(configuration))) {
    const std::string script = array_script(submission, job, impl_->folder, dependency);
    impl_->hand_over(std::move(job), script);
  }
}

std::vector<ItemState> SlurmScheduler::states() {
  const std::string& folder = impl_->folder;
  const std::vector<Job> jobs = read_jobs(folder);
  std::vector<std::string> open;
  for (const Job& job : jobs) {
    if (!job.refused && !all_are_over(folder, job)) open.push_back(job.name);
  }
  std::optional<Queue> queue;
  std::string no_answer;
  try {
    queue.emplace(ask_queue(open));
  } catch (const Error& failure) {
    no_answer = failure.what();
  }
  const auto place = [&](const Job& job, std::size_t task) -> TaskInQueue {
    if (job.refused) return {TaskInQueue::Place::ended, "", "Slurm refused its job"};
    if (!queue) return {TaskInQueue::Place::unknown, "", no_answer};
    if (const QueueEntry* entry = queue->find(job, task)) return place_of(*entry);
    if (job.id.empty()) return {TaskInQueue::Place::absent, "", "its job never reached Slurm's queue"};
    return {TaskInQueue::Place::absent, fmt::format("{}_{}", job.id, task), last_words(folder, job, task)};
  };
  return item_states(jobs, place, [&folder](const std::string& item) { return read_attempts(folder, item); });
}

void SlurmScheduler::cancel(std::span<const std::string> items) {
  const std::vector<Job> jobs = read_jobs(impl_->folder);
  const Queue queue(ask_queue(names_of(jobs)));
  std::vector<std::string> ids;
  for (const Job& job : jobs) {
    for (std::size_t task = 0; task < job.tasks.size(); ++task) {
      const QueueEntry* entry = queue.find(job, task);
      const bool is_named = std::ranges::find_first_of(job.tasks[task], items) != job.tasks[task].end();
      if (is_named && entry != nullptr && is_queued(*entry)) ids.push_back(entry->id);
    }
  }
  constexpr std::size_t most_at_once = 500;
  for (std::size_t first = 0; first < ids.size(); first += most_at_once) {
    std::vector<std::string> client{"scancel"};
    for (std::size_t i = first; i < std::min(ids.size(), first + most_at_once); ++i) client.push_back(ids[i]);
    const CommandResult result = run_command(client, client_timeout_seconds);
    if (!result.succeeded()) throw Error(ExitCode::io_error, fmt::format("scancel: {}", result.reason()));
  }
}

void SlurmScheduler::wait(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace rankwise::slurm
