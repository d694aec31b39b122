#include "slurm/slurm_queue.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>
#include <string_view>

#include "kernels/error.hpp"
#include "slurm/command.hpp"

namespace rankwise::slurm {

namespace {

constexpr const char* queue_format = "%i|%F|%K|%j|%T|%r";

std::string answer_of(const std::vector<std::string>& client) {
  CommandResult result = run_command(client, client_timeout_seconds);
  if (result.succeeded()) return std::move(result.output);
  throw Error(ExitCode::io_error, fmt::format("{}: {}", client.front(), result.reason()));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

}  // namespace

std::vector<QueueEntry> parse_queue(std::string_view text) {
  std::vector<QueueEntry> entries;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::array<std::string, 6> fields;
    std::istringstream words(line);
    std::size_t field = 0;
    while (field < fields.size() && std::getline(words, fields[field], '|')) ++field;
    if (field < fields.size()) continue;
    entries.push_back({fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]});
  }
  return entries;
}

std::vector<QueueEntry> ask_queue(const std::vector<std::string>& job_names) {
  if (job_names.empty()) return {};
  return parse_queue(
      answer_of({"squeue", "--noheader", "--array", "--states=all", fmt::format("--name={}", fmt::join(job_names, ",")),
                 fmt::format("--format={}", queue_format)}));
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

std::map<std::string, std::string> ask_configuration() {
  return parse_configuration(answer_of({"scontrol", "show", "config"}));
}

std::int64_t number_in(const std::map<std::string, std::string>& configuration, const std::string& name,
                       std::int64_t fallback) {
  const auto found = configuration.find(name);
  if (found == configuration.end()) return fallback;
  std::int64_t number = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [rest, failure] = std::from_chars(found->second.data(), end, number);
  return failure == std::errc() && rest == end ? number : fallback;
}

std::string submit_script(const std::string& path) {
  const std::string answer = answer_of({"sbatch", "--parsable", path});
  return answer.substr(0, answer.find_first_of(";\n"));  // "17" or "17;cluster"
}

}  // namespace rankwise::slurm
