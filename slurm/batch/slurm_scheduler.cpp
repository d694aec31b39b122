#include "slurm/batch/slurm_scheduler.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
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

#include "kernels/base/error.hpp"
#include "kernels/process/folder_file.hpp"
#include "kernels/text/number_text.hpp"
#include "slurm/batch/array_script.hpp"
#include "slurm/batch/client_environment.hpp"
#include "slurm/batch/sbatch_file.hpp"
#include "slurm/batch/slurm_queue.hpp"
#include "slurm/work/attempts.hpp"
#include "slurm/work/item_states.hpp"
#include "slurm/work/submission_records.hpp"

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

/// What the queues of the jobs' clusters have of them. Throws Error(io_error) where one does not answer.
std::vector<QueueEntry> entries_of(const std::vector<Job>& jobs) {
  std::map<std::string, std::vector<std::string>> names;  // by cluster
  for (const Job& job : jobs) {
    std::istringstream clusters(job.clusters);
    std::string cluster;
    do {
      std::getline(clusters, cluster, ',');
      names[cluster].push_back(job.name);
    } while (clusters.good());
  }
  std::vector<QueueEntry> entries;
  for (const auto& [cluster, of_cluster] : names) {
    std::ranges::move(ask_queue(of_cluster, cluster), std::back_inserter(entries));
  }
  return entries;
}

void cancel_entries(const std::vector<QueueEntry>& entries) {
  std::map<std::string, std::vector<std::string>> ids;  // by cluster
  for (const QueueEntry& entry : entries) {
    if (is_queued(entry)) ids[entry.cluster].push_back(entry.id);
  }
  for (const auto& [cluster, of_cluster] : ids) cancel_jobs(of_cluster, cluster);
}

bool lacks_answer(const Job& job) {
  return !job.refused && job.id.empty();
}

/// Whether some of them are in the job.
bool holds_any(const Job& job, std::span<const std::string> items) {
  return std::ranges::any_of(job.tasks, [items](const std::vector<std::string>& task) {
    return std::ranges::find_first_of(task, items) != task.end();
  });
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
    std::string_view text = parameters->second;
    if (const std::size_t at = text.find(key); at != std::string_view::npos) {
      text.remove_prefix(at + key.size());
      most = std::min(most, take_whole_number<std::int64_t>(text).value_or(most));
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
  double patience_seconds = late_answer_seconds;

  [[nodiscard]] std::string dependency_of(const Submission& submission, const std::vector<Job>& known) const;
  [[nodiscard]] double seconds_left(const Job& job) const;
  [[nodiscard]] bool adopt_arrived(const std::vector<Job>& unanswered) const;
  void supersede(const Submission& submission, const std::vector<Job>& known) const;
  void hand_over(Job job, const std::string& script, const Notice& tell) const;
  void await_arrivals(const Notice& tell) const;
};

/// For which a job without an answer is still to be looked for.
double SlurmScheduler::Impl::seconds_left(const Job& job) const {
  return static_cast<double>(job.asked_seconds - std::time(nullptr)) + patience_seconds;
}

/// Writes down which of these jobs are in the queue; whether all are.
bool SlurmScheduler::Impl::adopt_arrived(const std::vector<Job>& unanswered) const {
  const std::vector<QueueEntry> entries = entries_of(unanswered);
  bool all = true;
  for (Job job : unanswered) {
    const auto entry = std::ranges::find(entries, job.name, &QueueEntry::name);
    all = all && entry != entries.end();
    if (entry == entries.end()) continue;
    job.id = entry->array;
    job.clusters = entry->cluster;
    record_answer(folder, job);
  }
  return all;
}

/// Looks for jobs without an answer until their time is over.
void SlurmScheduler::Impl::await_arrivals(const Notice& tell) const {
  for (bool is_told = false;; is_told = true) {
    std::vector<Job> unanswered;
    double longest_seconds = 0;
    for (Job& job : read_jobs(folder)) {
      if (!lacks_answer(job)) continue;
      longest_seconds = std::max(longest_seconds, seconds_left(job));
      unanswered.push_back(std::move(job));
    }
    if (unanswered.empty() || adopt_arrived(unanswered) || longest_seconds <= 0) return;
    if (!is_told) {
      tell(
          fmt::format("sbatch gave no answer for job {}, which may still enter the queue; looking for it for up to "
                      "{:.0f} s",
                      unanswered.front().name, longest_seconds));
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

/// Jobs without an answer that hold items of the submission are not to run any more. Throws Error(io_error) where one
/// has entered the queue just now.
void SlurmScheduler::Impl::supersede(const Submission& submission, const std::vector<Job>& known) const {
  std::vector<std::string> items;
  for (const WorkItem& item : submission.items) items.push_back(item.name);
  std::vector<Job> late;
  std::ranges::copy_if(known, std::back_inserter(late),
                       [&](const Job& job) { return lacks_answer(job) && holds_any(job, items); });
  for (const Job& job : late) record_superseded(folder, job);
  for (const QueueEntry& entry : entries_of(late)) {
    if (!is_queued(entry)) continue;
    (void)adopt_arrived(late);
    throw Error(ExitCode::io_error,
                fmt::format("job {} ({}) has entered the queue just now, after sbatch gave no answer "
                            "for it; submit again",
                            entry.array, entry.name));
  }
}

/// As #SBATCH has it: jobs that are over need not be waited for, and Slurm may have forgotten them.
std::string SlurmScheduler::Impl::dependency_of(const Submission& submission, const std::vector<Job>& known) const {
  std::vector<std::string> conditions;
  for (const Dependency& dependency : submission.after) {
    std::vector<Job> jobs;
    std::ranges::copy_if(known, std::back_inserter(jobs),
                         [&](const Job& job) { return job.submission == dependency.submission; });
    const Queue queue(entries_of(jobs));
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
void SlurmScheduler::Impl::hand_over(Job job, const std::string& script, const Notice& tell) const {
  const std::string path = fmt::format("{}/{}.sbatch", folder, job.name);
  replace_file(path, script);
  job.asked_seconds = std::time(nullptr);
  job.clusters = clusters_for(script);
  record_intent(folder, job);
  try {
    const Acceptance acceptance = submit_script(path);
    job.id = acceptance.id;
    job.clusters = acceptance.cluster;
  } catch (const NoAnswer& failure) {
    job.asked_seconds = std::time(nullptr);
    record_answer(folder, job);
    await_arrivals(tell);  // throws where Slurm does not answer at all
    const std::vector<Job> jobs = read_jobs(folder);
    if (!lacks_answer(*std::ranges::find(jobs, job.name, &Job::name))) return;
    throw Error(ExitCode::io_error, fmt::format("{}: {}; its job did not enter the queue within {:.0f} s", path,
                                                failure.what(), patience_seconds));
  } catch (const Error& failure) {
    if (adopt_arrived({job})) return;
    job.refused = true;
    record_answer(folder, job);
    throw Refused(ExitCode::io_error, fmt::format("{}: {}", path, failure.what()));
  }
  record_answer(folder, job);
}

SlurmScheduler::SlurmScheduler(const std::string& folder, double patience_seconds) : impl_(std::make_unique<Impl>()) {
  make_scheduler_folder(folder);
  impl_->folder = std::filesystem::absolute(folder).lexically_normal();
  impl_->patience_seconds = patience_seconds;
}

SlurmScheduler::~SlurmScheduler() = default;

void SlurmScheduler::settle() {
  try {
    impl_->await_arrivals([this](const std::string& line) { tell(line); });
    std::vector<Job> given_up = read_jobs(impl_->folder);
    std::erase_if(given_up, [](const Job& job) { return !job.refused; });
    cancel_entries(entries_of(given_up));
  } catch (const Error& failure) {
    tell(failure.what());
  }
}

void SlurmScheduler::submit(const Submission& submission) {
  const std::vector<Job> known = read_jobs(impl_->folder);
  require_names(submission, known);
  require_sense(submission);
  require_scriptable(impl_->folder);
  require_scriptable(std::filesystem::current_path());
  const std::string clusters = clusters_for(request_text(submission.batch));
  const bool is_one = clusters.find(',') == std::string::npos;
  const std::map<std::string, std::string> configuration = ask_configuration(is_one ? clusters : "");
  require_room(submission, configuration);
  const std::string dependency = impl_->dependency_of(submission, known);
  impl_->supersede(submission, known);
  for (Job& job : jobs_of(submission, submission.batch.items_per_job, most_tasks_of(configuration))) {
    const std::string script = array_script(submission, job, impl_->folder, dependency);
    impl_->hand_over(std::move(job), script, [this](const std::string& line) { tell(line); });
  }
}

std::vector<ItemState> SlurmScheduler::states() {
  const std::string& folder = impl_->folder;
  const std::vector<Job> jobs = read_jobs(folder);
  std::vector<Job> open;
  for (const Job& job : jobs) {
    if (!job.refused && !all_are_over(folder, job)) open.push_back(job);
  }
  std::optional<Queue> queue;
  std::string no_answer;
  try {
    queue.emplace(entries_of(open));
  } catch (const Error& failure) {
    no_answer = failure.what();
  }
  const auto place = [&](const Job& job, std::size_t task) -> TaskInQueue {
    if (job.refused) return {TaskInQueue::Place::ended, "", "Slurm refused its job"};
    if (!queue) return {TaskInQueue::Place::unknown, "", no_answer};
    if (const QueueEntry* entry = queue->find(job, task)) return place_of(*entry);
    if (job.id.empty() && impl_->seconds_left(job) > 0) {
      return {TaskInQueue::Place::unknown, "", fmt::format("sbatch has not answered for job {}", job.name)};
    }
    if (job.id.empty()) return {TaskInQueue::Place::absent, "", "its job never reached Slurm's queue"};
    return {TaskInQueue::Place::absent, fmt::format("{}_{}", job.id, task), last_words(folder, job, task)};
  };
  return item_states(jobs, place, [&folder](const std::string& item) { return read_attempts(folder, item); });
}

void SlurmScheduler::cancel(std::span<const std::string> items) {
  const std::vector<Job> jobs = read_jobs(impl_->folder);
  const Queue queue(entries_of(jobs));
  std::vector<QueueEntry> entries;
  for (const Job& job : jobs) {
    bool has_arrived = false;
    for (std::size_t task = 0; task < job.tasks.size(); ++task) {
      const QueueEntry* entry = queue.find(job, task);
      const bool is_named = std::ranges::find_first_of(job.tasks[task], items) != job.tasks[task].end();
      has_arrived = has_arrived || entry != nullptr;
      if (is_named && entry != nullptr) entries.push_back(*entry);
    }
    // It may still come.
    if (!has_arrived && lacks_answer(job) && holds_any(job, items)) record_superseded(impl_->folder, job);
  }
  cancel_entries(entries);
}

void SlurmScheduler::wait(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace rankwise::slurm
