#include "slurm/work/submission_records.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/number_text.hpp"
#include "slurm/work/attempts.hpp"

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

/// "<number>" of Slurm, "<process>@<host>" of a process.
bool is_id(std::string_view word) {
  const auto number = whole_number<std::int32_t>(word.substr(0, word.find('@')));
  return number && *number > 0 && !word.ends_with('@');
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream words(line);
  return {std::istream_iterator<std::string>(words), {}};
}

[[noreturn]] void refuse_line(const std::string& path, std::size_t line, const std::string& expected) {
  throw Error(ExitCode::bad_data, fmt::format("{}:{}: expected {}", path, line, expected));
}

/// Notices lines of a ledger that no run writes: whatever follows from them would be wrong.
class LedgerCheck {
 public:
  explicit LedgerCheck(std::string path) : path_(std::move(path)) {}

  /// Throws Error(bad_data), which names the line.
  void require(const std::string& line) {
    ++line_;
    const std::vector<std::string> words = words_of(line);
    const auto word = [&words](std::size_t w) { return w < words.size() ? std::string_view(words[w]) : ""; };
    const bool is_first = word(0) == "intent";
    if (!is_name(word(1)) || is_first == jobs_.contains(word(1))) {
      refuse_line(path_, line_,
                  is_first ? "the name of a new job after 'intent'" : "the name of a job of an earlier line");
    }
    if (is_first) {
      const bool fits = is_name(word(2)) && (words.size() < 4 || whole_number<std::int64_t>(word(3), 0, most_seconds));
      if (!fits) refuse_line(path_, line_, "a submission, and when it was made, after the job");
      jobs_.emplace(word(1));
    } else if (word(0) == "accepted") {
      if (!is_id(word(2))) refuse_line(path_, line_, "the id of a job in Slurm, or PROCESS@HOST");
    } else if (word(0) == "unanswered") {
      if (!whole_number<std::int64_t>(word(2), 0, most_seconds))
        refuse_line(path_, line_, "when the job was handed over");
    } else if (word(0) != "refused" && word(0) != "superseded") {
      refuse_line(path_, line_, "intent, accepted, unanswered, refused or superseded");
    }
  }

 private:
  std::string path_;
  std::size_t line_ = 0;
  std::set<std::string, std::less<>> jobs_;
};

/// Throws Error(bad_data), which names the line.
std::vector<std::vector<std::string>> read_items(const std::string& path) {
  std::vector<std::vector<std::string>> tasks;
  std::set<std::string> items;
  std::istringstream lines(read_small_file(path));
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::vector<std::string> words = words_of(line);
    if (words.size() != 2 || !is_name(words[1]) || !items.insert(words[1]).second) {
      refuse_line(path, number, "a task's number and an item's name, each item once");
    }
    const auto task = whole_number<std::int64_t>(words[0], 0, std::ssize(tasks));
    if (!task || *task + 1 < std::ssize(tasks)) {
      refuse_line(path, number, fmt::format("task {} here", tasks.size()));
    }
    if (*task == std::ssize(tasks)) tasks.emplace_back();
    tasks.back().push_back(words[1]);
  }
  if (tasks.empty()) throw Error(ExitCode::bad_data, fmt::format("{}: holds no items", path));
  return tasks;
}

}  // namespace

void make_scheduler_folder(const std::string& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder + "/logs", failure);
  if (failure) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", folder, failure.message()));
}

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
  std::istringstream lines(read_small_file(ledger_path(folder)));
  LedgerCheck check(ledger_path(folder));
  for (std::string line; std::getline(lines, line) && !lines.eof();) {  // no newline: cut short
    check.require(line);
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
