#include "slurm/batch/slurm_queue.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>
#include <string_view>

#include "kernels/process/small_file.hpp"
#include "kernels/text/number_text.hpp"
#include "slurm/batch/client_environment.hpp"

namespace rankwise::slurm {

namespace {

constexpr const char* queue_format = "%i|%F|%K|%j|%T|%r";

std::string answer_of(const std::vector<std::string>& client, const std::string& cluster) {
  CommandResult result = run_command(in_cluster(client, cluster), client_timeout_seconds);
  if (result.succeeded()) return std::move(result.output);
  throw Error(ExitCode::io_error, fmt::format("{}: {}", client.front(), result.reason()));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

}  // namespace

std::vector<std::string> in_cluster(std::vector<std::string> client, const std::string& cluster) {
  if (!cluster.empty()) client.insert(client.begin() + 1, "--clusters=" + cluster);
  return client;
}

std::vector<QueueEntry> parse_queue(std::string_view text) {
  std::vector<QueueEntry> entries;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::array<std::string, 6> fields;
    std::istringstream words(line);
    std::size_t field = 0;
    while (field < fields.size() && std::getline(words, fields[field], '|')) ++field;
    if (field < fields.size()) continue;
    entries.push_back({fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], ""});
  }
  return entries;
}

std::vector<QueueEntry> ask_queue(const std::vector<std::string>& job_names, const std::string& cluster) {
  if (job_names.empty()) return {};
  std::vector<QueueEntry> entries = parse_queue(
      answer_of({"squeue", "--noheader", "--array", "--states=all", fmt::format("--name={}", fmt::join(job_names, ",")),
                 fmt::format("--format={}", queue_format)},
                cluster));
  for (QueueEntry& entry : entries) entry.cluster = cluster;
  return entries;
}

bool is_queued(const QueueEntry& entry) {
  constexpr std::array<std::string_view, 12> states{"PENDING",      "REQUEUED",  "REQUEUE_HOLD", "REQUEUE_FED",
                                                    "SPECIAL_EXIT", "RUNNING",   "CONFIGURING",  "COMPLETING",
                                                    "SIGNALING",    "STAGE_OUT", "SUSPENDED",    "STOPPED"};
  return std::ranges::find(states, entry.state) != states.end();
}

TaskInQueue place_of(const QueueEntry& entry) {
  using Place = TaskInQueue::Place;
  const std::string reason = entry.reason == "None" ? "" : entry.reason;
  if (entry.state == "COMPLETED") return {Place::succeeded, entry.id, ""};
  if (!is_queued(entry)) {
    std::string ended = "job " + entry.id + " ended: " + entry.state;
    return {Place::ended, entry.id, reason.empty() ? ended : fmt::format("{} ({})", ended, reason)};
  }
  constexpr std::array<std::string_view, 5> before{"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED",
                                                   "SPECIAL_EXIT"};
  const bool waits = std::ranges::find(before, entry.state) != before.end();
  return {waits ? Place::waiting : Place::running, entry.id, reason};
}

std::map<std::string, std::string> parse_configuration(std::string_view text) {
  std::map<std::string, std::string> configuration;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    configuration.emplace(trimmed(std::string_view(line).substr(0, equals)),
                          trimmed(std::string_view(line).substr(equals + 1)));
  }
  return configuration;
}

std::map<std::string, std::string> ask_configuration(const std::string& cluster) {
  return parse_configuration(answer_of({"scontrol", "show", "config"}, cluster));
}

std::int64_t number_in(const std::map<std::string, std::string>& configuration, const std::string& name,
                       std::int64_t fallback) {
  const auto found = configuration.find(name);
  if (found == configuration.end()) return fallback;
  return whole_number<std::int64_t>(found->second).value_or(fallback);
}

bool lacks_answer(const CommandResult& sbatch) {
  if (sbatch.succeeded()) return false;
  if (sbatch.timed_out || sbatch.code > 128) return true;
  // Slurm's own words for its connections, and the system's.
  constexpr std::array<std::string_view, 13> words{"timed out",
                                                   "Unable to contact slurm controller",
                                                   "Zero Bytes were transmitted or received",
                                                   "Communication connection failure",
                                                   "Communication shutdown failure",
                                                   "Message receive failure",
                                                   "Message send failure",
                                                   "Insane message length",
                                                   "Connection refused",
                                                   "Connection reset by peer",
                                                   "Broken pipe",
                                                   "Transport endpoint is not connected",
                                                   "No route to host"};
  return std::ranges::any_of(words,
                             [&](std::string_view word) { return sbatch.error.find(word) != std::string::npos; });
}

Acceptance submit_script(const std::string& path) {
  const CommandResult result =
      run_command({"sbatch", "--parsable", path}, client_timeout_seconds, places_for(read_small_file(path)));
  if (lacks_answer(result)) throw NoAnswer(ExitCode::io_error, "sbatch: " + result.reason());
  if (!result.succeeded()) throw Error(ExitCode::io_error, "sbatch: " + result.reason());
  const std::string answer = result.output.substr(0, result.output.find('\n'));  // "17" or "17;cluster"
  const std::size_t end = answer.find(';');
  Acceptance acceptance{answer.substr(0, end), end == std::string::npos ? "" : answer.substr(end + 1)};
  constexpr std::string_view digits = "0123456789";
  if (acceptance.id.empty() || acceptance.id.find_first_not_of(digits) != std::string::npos) {
    throw NoAnswer(ExitCode::io_error, fmt::format("sbatch: expected a job's number, found '{}'", answer));
  }
  return acceptance;
}

void cancel_jobs(const std::vector<std::string>& ids, const std::string& cluster) {
  constexpr std::size_t most_at_once = 500;
  for (std::size_t first = 0; first < ids.size(); first += most_at_once) {
    std::vector<std::string> client{"scancel"};
    for (std::size_t i = first; i < std::min(ids.size(), first + most_at_once); ++i) client.push_back(ids[i]);
    (void)answer_of(client, cluster);
  }
}

}  // namespace rankwise::slurm
