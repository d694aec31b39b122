#include "slurm/submission_records.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <set>
#include <sstream>
#include <string_view>

#include "kernels/error.hpp"
#include "slurm/folder_file.hpp"

namespace rankwise::slurm {

namespace {

bool is_name(std::string_view text) {
  const auto may_be_in = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; };
  return !text.empty() && text.size() <= 200 && text.front() != '.' && text.front() != '-' &&
         std::ranges::all_of(text, may_be_in);
}

void require_name(std::string_view what, const std::string& text) {
  if (is_name(text)) return;
  throw Error(ExitCode::usage,
              fmt::format("{} '{}': a name is made of at most 200 letters, digits, '_', '-' and '.'", what, text));
}

std::string items_path(const std::string& folder, const Job& job) {
  return folder + "/" + job.name + ".items";
}

void append_to_ledger(const std::string& folder, const std::string& line) {
  if (append_line(ledger_path(folder), line)) return;
  throw Error(ExitCode::cannot_create, fmt::format("{}: cannot be written", ledger_path(folder)));
}

std::vector<std::vector<std::string>> read_items(const std::string& path) {
  std::vector<std::vector<std::string>> tasks;
  std::istringstream words(file_text(path));
  std::string item;
  for (std::size_t task = 0; words >> task >> item;) {
    if (task > tasks.size()) throw Error(ExitCode::io_error, fmt::format("{}: task {} is missing", path, tasks.size()));
    if (task == tasks.size()) tasks.emplace_back();
    tasks[task].push_back(item);
  }
  return tasks;
}

}  // namespace

std::string ledger_path(const std::string& folder) {
  return folder + "/submissions";
}

void require_names(const Submission& submission, const std::vector<Job>& known) {
  require_name("submission", submission.name);
  if (submission.items.empty()) throw Error(ExitCode::usage, fmt::format("submission {}: no items", submission.name));
  std::set<std::string> names;
  for (const WorkItem& item : submission.items) {
    require_name("item", item.name);
    if (item.command.empty()) throw Error(ExitCode::usage, fmt::format("item {}: no command", item.name));
    if (!names.insert(item.name).second) throw Error(ExitCode::usage, fmt::format("item {} occurs twice", item.name));
  }
  if (std::ranges::find(known, submission.name, &Job::submission) != known.end()) {
    throw Error(ExitCode::usage, fmt::format("submission {} has been submitted before", submission.name));
  }
  for (const Dependency& dependency : submission.after) {
    if (std::ranges::find(known, dependency.submission, &Job::submission) != known.end()) continue;
    throw Error(ExitCode::usage, fmt::format("submission {} waits for {}, which has not been submitted",
                                             submission.name, dependency.submission));
  }
}

std::vector<Job> jobs_of(const Submission& submission, std::int64_t items_per_task, std::int64_t most_tasks) {
  std::vector<Job> jobs;
  for (std::size_t next = 0; next < submission.items.size();) {
    if (jobs.empty() || std::ssize(jobs.back().tasks) == most_tasks) {
      Job job;
      job.name = fmt::format("{}-{}", submission.name, jobs.size());
      job.submission = submission.name;
      jobs.push_back(std::move(job));
    }
    std::vector<std::string>& task = jobs.back().tasks.emplace_back();
    while (next < submission.items.size() && std::ssize(task) < items_per_task) {
      task.push_back(submission.items[next++].name);
    }
  }
  return jobs;
}

void record_intent(const std::string& folder, const Job& job) {
  std::string items;
  for (std::size_t task = 0; task < job.tasks.size(); ++task) {
    for (const std::string& item : job.tasks[task]) items += fmt::format("{} {}\n", task, item);
  }
  replace_file(items_path(folder, job), items);
  std::string line = fmt::format("intent {} {} {}", job.name, job.submission, job.asked_seconds);
  if (!job.clusters.empty()) line += " " + job.clusters;
  append_to_ledger(folder, line);
}

void record_answer(const std::string& folder, const Job& job) {
  if (job.refused) return append_to_ledger(folder, fmt::format("refused {}", job.name));
  if (job.id.empty()) return append_to_ledger(folder, fmt::format("unanswered {} {}", job.name, job.asked_seconds));
  std::string line = fmt::format("accepted {} {}", job.name, job.id);
  if (!job.clusters.empty()) line += " " + job.clusters;
  append_to_ledger(folder, line);
}

void record_superseded(const std::string& folder, const Job& job) {
  append_to_ledger(folder, fmt::format("superseded {}", job.name));
}

std::vector<Job> read_jobs(const std::string& folder) {
  std::vector<Job> jobs;
  std::istringstream lines(file_text(ledger_path(folder)));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind;
    Job job;
    if (!(words >> kind >> job.name)) continue;
    if (kind == "intent" && words >> job.submission) {
      words >> job.asked_seconds >> job.clusters;
      job.tasks = read_items(items_path(folder, job));
      jobs.push_back(std::move(job));
      continue;
    }
    const auto known = std::ranges::find(jobs, job.name, &Job::name);
    if (known == jobs.end()) continue;
    if (kind == "unanswered") words >> known->asked_seconds;
    if (kind == "refused" || kind == "superseded") known->refused = true;
    if (kind != "accepted") continue;
    known->refused = false;
    known->clusters.clear();
    words >> known->id >> known->clusters;
  }
  return jobs;
}

}  // namespace rankwise::slurm
