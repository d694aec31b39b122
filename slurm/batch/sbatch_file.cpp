#include "slurm/batch/sbatch_file.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

#include "kernels/text/units.hpp"
#include "slurm/work/scheduler.hpp"

namespace rankwise::slurm {

namespace {

constexpr std::string_view safe_characters = "_-+=./:,@%^";

bool is_safe(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || safe_characters.find(c) != std::string_view::npos;
}

/// A value as sbatch reads it from a #SBATCH line.
std::string sbatch_word(std::string_view text) {
  if (std::ranges::all_of(text, is_safe)) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return quoted + "\"";
}

constexpr std::string_view launch_begin = R"(
# launch PROGRAM ARGUMENTS: as MPI ranks; what they ended with. Where srun cannot launch them it says 0: rank 0's own word counts.
launch() {
  local word="$PWD/.$SLURM_JOB_NAME-$SLURM_JOB_ID.code" code=0 attempt
  for attempt in 1 2 3; do
    rm -f "$word"
    # srun does not take over --cpus-per-task from the job since Slurm 22.05.
    srun --mpi=pmix --kill-on-bad-exit=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" )";

constexpr std::string_view launch_end = R"( "$word" "$@" || code=$?
    if ((code)) || [[ -e $word ]]; then break; fi
    echo "launch $attempt failed" >&2
    sleep 5
  done
  if ((code == 0)) && [[ ! -e $word ]]; then code=70; fi
  rm -f "$word"
  return "$code"
}

)";

constexpr std::string_view ending = R"(
# 75: stopped early after writing a checkpoint. Back into the queue, to go on; not where the job is being cancelled.
if [[ $code -eq 75 && $(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T) == RUNNING ]]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
)";

}  // namespace

const std::string_view drops_outer_environment =
    R"(# Where this script was submitted from, variables may speak to its steps and to squeue. A step gets all of the job's memory.
unset SLURM_EXPORT_ENV SLURM_CLUSTERS SLURM_MEM_PER_CPU SLURM_MEM_PER_GPU SLURM_MEM_PER_NODE \
  "${!SRUN_@}" "${!SQUEUE_@}" "${!SCANCEL_@}" "${!SCONTROL_@}" "${!SLURM_CPU_BIND@}" "${!SLURM_MEM_BIND@}" "${!SLURM_STEP@}" \
  "${!PMIX_@}" "${!OMPI_COMM_@}"
)";

const std::string_view rank_zero_leaves_its_code = R"(bash -c '
      if ((SLURM_PROCID)); then exec "$@"; fi
      trap : USR1 USR2 TERM INT
      "$@"
      code=$?
      echo "$code" > "$0"
      exit "$code"')";

std::string shell_word(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_safe)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string log_in(std::string_view folder, std::string_view pattern) {
  if (folder.find('\\') != std::string_view::npos) return "/dev/null";
  std::string text;
  for (const char c : folder) text += c == '%' ? std::string("%%") : std::string(1, c);
  return text.append("/").append(pattern);
}

void require_scriptable(const std::string& path) {
  if (path.find_first_of("\n\r") == std::string::npos) return;
  std::string shown = path;
  std::ranges::replace_if(
      shown, [](char c) { return c == '\n' || c == '\r'; }, '?');
  throw Refused(
      ExitCode::usage,
      fmt::format("{}: this path has a line break (?), which a batch script for Slurm cannot name; expected a "
                  "folder without",
                  shown));
}

std::string sbatch_header(const SbatchHeader& header) {
  std::string text = "#!/bin/bash\n";
  const auto ask = [&text](std::string_view option, const auto& value) {
    text += fmt::format("#SBATCH --{}={}\n", option, value);
  };
  const auto ask_if_stated = [&ask](std::string_view option, const std::string& value) {
    if (!value.empty()) ask(option, sbatch_word(value));
  };
  ask("job-name", header.job_name);
  ask_if_stated("partition", header.partition);
  ask_if_stated("account", header.account);
  ask_if_stated("qos", header.qos);
  ask_if_stated("constraint", header.constraint);
  ask("nodes", header.nodes);
  ask("ntasks", header.tasks);
  ask("ntasks-per-node", header.tasks_per_node);
  ask("cpus-per-task", header.cpus_per_task);
  if (header.memory_mebibytes_per_node > 0) ask("mem", fmt::format("{}M", header.memory_mebibytes_per_node));
  if (header.time_limit_seconds > 0) ask("time", time_limit_text(header.time_limit_seconds));
  ask_if_stated("array", header.array);
  ask_if_stated("dependency", header.dependency);
  // What can never begin shall not wait for ever.
  if (!header.dependency.empty()) ask("kill-on-invalid-dep", "yes");
  ask_if_stated("chdir", header.folder);
  ask_if_stated("output", header.log);
  // A requeued job would truncate its log.
  ask("open-mode", "append");
  text += "#SBATCH --requeue\n";
  ask_if_stated("signal", header.signal);
  for (const std::string& line : header.extra_lines) text += fmt::format("#SBATCH {}\n", line);
  return text;
}

std::string sbatch_text(const SbatchFile& file) {
  SbatchHeader header = file;
  header.log = file.job_name + "-%j.log";
  // Write a checkpoint and stop. Without "B:" it reaches the ranks. It may come a minute early.
  header.signal = "USR2@120";
  std::string text = sbatch_header(header);
  for (const std::string& comment : file.comments) text += "# " + comment + "\n";
  text += "set -uo pipefail\n";
  text += drops_outer_environment;
  text += launch_begin;
  text += rank_zero_leaves_its_code;
  text += launch_end;
  text += "code=0\nlaunch";
  for (const std::string& word : file.command) text += " " + shell_word(word);
  text += " || code=$?\n";
  text += ending;
  text += "exit \"$code\"\n";
  return text;
}

}  // namespace rankwise::slurm
