#include "slurm/sbatch_file.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>

namespace rankwise::slurm {

namespace {

constexpr std::int64_t seconds_per_day = 86'400;
constexpr std::string_view safe_characters = "_-+=./:,@%^";

bool is_safe(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || safe_characters.find(c) != std::string_view::npos;
}

/// A number of digits alone from the front of `text`, which loses them; nothing where there is none.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || number < 0 || number > 1'000'000) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string shell_word(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_safe)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string time_limit_text(std::int64_t seconds) {
  const std::int64_t days = seconds / seconds_per_day;
  const std::int64_t rest = seconds % seconds_per_day;
  const std::string clock = fmt::format("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
  return days > 0 ? fmt::format("{}-{}", days, clock) : clock;
}

std::optional<std::int64_t> parse_time_limit(std::string_view text) {
  std::int64_t days = 0;
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    const auto number = take_number(text);
    if (!number || !take(text, '-')) return std::nullopt;
    days = *number;
  }
  const auto hours = take_number(text);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text);
  if (!minutes || *minutes > 59 || !take(text, ':')) return std::nullopt;
  const auto seconds = take_number(text);
  if (!seconds || *seconds > 59 || !text.empty()) return std::nullopt;
  const std::int64_t all = days * seconds_per_day + *hours * 3600 + *minutes * 60 + *seconds;
  return all > 0 ? std::optional(all) : std::nullopt;
}

std::string sbatch_text(const SbatchFile& file) {
  std::string text = "#!/bin/bash\n";
  const auto ask = [&text](std::string_view option, const auto& value) {
    text += fmt::format("#SBATCH --{}={}\n", option, value);
  };
  ask("job-name", file.job_name);
  if (!file.partition.empty()) ask("partition", file.partition);
  ask("nodes", file.nodes);
  ask("ntasks", file.tasks);
  ask("ntasks-per-node", file.tasks_per_node);
  ask("cpus-per-task", file.cpus_per_task);
  ask("mem", fmt::format("{}M", file.memory_mebibytes_per_node));
  ask("time", time_limit_text(file.time_limit_seconds));
  ask("output", file.job_name + "-%j.log");
  // A requeued job would truncate its log.
  ask("open-mode", "append");
  text += "#SBATCH --requeue\n";
  // Write a checkpoint and stop. Without "B:" it reaches the ranks. It may come a minute early.
  ask("signal", "USR2@120");
  for (const std::string& comment : file.comments) text += "# " + comment + "\n";
  text += "set -euo pipefail\n";
  text += "code=0\n";
  // srun does not take over --cpus-per-task from the job since Slurm 22.05.
  text += "srun --mpi=pmix --kill-on-bad-exit=1 --cpus-per-task=\"$SLURM_CPUS_PER_TASK\" \\\n ";
  for (const std::string& word : file.command) text += " " + shell_word(word);
  text += " || code=$?\n";
  text += "# 75: stopped early after writing a checkpoint; run again to continue.\n";
  text += "if [[ $code -eq 75 ]]; then scontrol requeue \"$SLURM_JOB_ID\"; fi\n";
  text += "exit \"$code\"\n";
  return text;
}

}  // namespace rankwise::slurm
