#include "slurm/batch/array_script.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <string_view>

#include "slurm/batch/sbatch_file.hpp"

namespace rankwise::slurm {

namespace {

constexpr std::int64_t mebibyte = 1 << 20;

/// Between the settings, which come first, and how items are launched.
constexpr std::string_view bookkeeping = R"(job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK
declare -A running=()   # process -> item
stopping=0 again=0 worst=0

# sbatch may get no answer and the job come later, when its items are another job's.
if awk -v job="$name" '$2 == job { word = $1 } END { exit word != "superseded" }' "$ledger" 2> /dev/null; then
  echo "$name: its items were submitted again before it came" >&2
  exit 1
fi

# stop: what runs shall write its checkpoint; nothing more begins.
stop() {
  stopping=1
  local process
  for process in "${!running[@]}"; do kill -USR2 "$process" 2> /dev/null; done
}
trap stop USR2 TERM

# note begin|end ITEM HOST|CODE: one line in the item's record.
note() { printf '%s %(%s)T %s %s %s %s\n' "$1" -1 "$name" "$job" "${SLURM_RESTART_COUNT:-0}" "$3" >> "$logs/$2.attempts"; }

# last_code ITEM: how its last run in this job ended, or nothing.
last_code() {
  awk -v job="$name" '$1 == "end" && $3 == job { code = $6 } END { print code }' "$logs/$1.attempts" 2> /dev/null
}

)";

/// The only rank of a job is on the node of this script and needs no srun, which costs 0.1 s (docs/PERFORMANCE.md).
constexpr std::string_view launch_alone = R"(# launch ITEM PROGRAM ARGUMENTS: in the background.
launch() {
  local item=$1
  shift
  "$@" >> "$logs/$item.log" 2>&1 < /dev/null &
}

# unlaunched ITEM CODE: whether it cannot have run.
unlaunched() { false; }

)";

/// rank_zero_leaves_its_code follows, then end_of_launch_of_ranks.
constexpr std::string_view launch_of_ranks = R"(# launch ITEM PROGRAM ARGUMENTS: its ranks, in the background.
launch() {
  local item=$1
  shift
  rm -f "$logs/$item.code"
  srun --mpi=pmix --kill-on-bad-exit=1 "${step[@]}" )";

constexpr std::string_view end_of_launch_of_ranks = R"( "$logs/$item.code" "$@" >> "$logs/$item.log" 2>&1 < /dev/null &
}

# unlaunched ITEM CODE: whether it cannot have run. A srun that fails or is told to end while it launches returns 0: rank 0 leaves
# what it ended with in a file.
unlaunched() { (($2 == 0)) && [[ ! -e $logs/$1.code ]]; }

)";

constexpr std::string_view taking_turns =
    R"(# item NAME PROGRAM ARGUMENTS: runs beside others, once there is room; not again what has ended in this job, neither killed nor
# to go on.
item() {
  local item=$1 before
  before=$(last_code "$item")
  if [[ -n $before ]] && ((before <= 128 && before != 75)); then return; fi
  while ((${#running[@]} >= items_at_once && !stopping)); do reap; done
  if ((stopping)); then again=1; return; fi
  note begin "$item" "${SLURMD_NODENAME:-$HOSTNAME}"
  launch "$@"
  running[$!]=$item
  if ((stopping)); then stop; fi  # told so meanwhile
}

# reap: waits for something to end, or a signal.
reap() {
  local process
  wait -n
  for process in "${!running[@]}"; do
    if kill -0 "$process" 2> /dev/null; then continue; fi
    wait "$process"
    ended "${running[$process]}" "$?"
    unset "running[$process]"
  done
}

# ended ITEM CODE: what that means for the job.
ended() {
  local item=$1 code=$2 early=$stopping before
  if unlaunched "$item" "$code"; then code=143 early=1; fi
  rm -f "$logs/$item.code"
  if ((code < 0)); then code=75; fi  # bash 5.2 does not know where a signal came just when the item ended: it goes on, if need be
  before=$(last_code "$item")
  note end "$item" "$code"
  # Not launched, or killed by a signal that it did not expect yet: once more, but not for ever.
  if ((code == 75 || (code > 128 && early && ${before:-0} <= 128))); then again=1; elif ((code != 0)); then worst=$code; fi
}

)";

constexpr std::string_view array_ending = R"(
while ((${#running[@]})); do reap; done
if ((again)); then
  # Not where the job is being cancelled: it would come back.
  if [[ $(squeue --noheader --jobs="$job" --format=%T) == RUNNING ]]; then scontrol requeue "$job"; fi
  exit 75
fi
exit "$worst"
)";

std::int64_t rounded_up(std::int64_t amount, std::int64_t unit) {
  return (amount + unit - 1) / unit;
}

void ask_as(const BatchRequest& batch, SbatchHeader& header) {
  header.partition = batch.partition;
  header.account = batch.account;
  header.qos = batch.qos;
  header.constraint = batch.constraint;
  header.extra_lines = batch.extra_lines;
}

SbatchHeader header_of(const Submission& submission, const Job& job, const std::string& folder,
                       const std::string& dependency) {
  const Resources& need = submission.resources;
  const BatchRequest& batch = submission.batch;
  SbatchHeader header;
  ask_as(batch, header);
  header.job_name = job.name;
  header.nodes = need.nodes;
  header.tasks = need.tasks * batch.items_at_once;
  header.tasks_per_node = rounded_up(header.tasks, need.nodes);
  header.cpus_per_task = need.cpus_per_task;
  header.memory_mebibytes_per_node = rounded_up(need.memory_bytes_per_node, mebibyte) * batch.items_at_once;
  header.time_limit_seconds = batch.job_time_limit_seconds > 0
                                  ? batch.job_time_limit_seconds
                                  : need.time_limit_seconds * rounded_up(batch.items_per_job, batch.items_at_once);
  header.folder = std::filesystem::current_path();
  header.log = log_in(folder + "/logs", "%x_%a.log");
  header.array = fmt::format("0-{}", job.tasks.size() - 1);
  if (batch.jobs_at_once > 0) header.array += fmt::format("%{}", batch.jobs_at_once);
  header.dependency = dependency;
  // To the script alone ("B:"), which hands it on: it has to know that nothing more may begin.
  if (need.time_limit_seconds > 0) header.signal = fmt::format("B:USR2@{}", submission.signal_seconds);
  return header;
}

/// Options of each item's srun. It does not take over --cpus-per-task from the job since Slurm 22.05.
std::string step_options(const Submission& submission) {
  const Resources& need = submission.resources;
  std::string text = "--cpus-per-task=\"$SLURM_CPUS_PER_TASK\"";
  if (submission.batch.items_at_once == 1) return text;
  text += fmt::format(" --exact --nodes={} --ntasks={}", need.nodes, need.tasks);
  const std::int64_t mebibytes = rounded_up(need.memory_bytes_per_node, mebibyte);
  return text + (mebibytes > 0 ? fmt::format(" --mem={}M", mebibytes) : std::string(" --mem=0"));
}

/// The functions that launch an item and tell what it ended with.
std::string launching(const Submission& submission) {
  if (submission.resources.tasks == 1 && submission.batch.items_at_once == 1) {
    return std::string(launch_alone);
  }
  std::string text = fmt::format("step=({})\n\n", step_options(submission));
  text += launch_of_ranks;
  text += rank_zero_leaves_its_code;
  return text.append(end_of_launch_of_ranks);
}

}  // namespace

std::string request_text(const BatchRequest& batch) {
  SbatchHeader header;
  ask_as(batch, header);
  return sbatch_header(header);
}

std::string array_script(const Submission& submission, const Job& job, const std::string& folder,
                         const std::string& dependency) {
  std::string text = sbatch_header(header_of(submission, job, folder, dependency));
  text += "set -u\n";
  if (folder.find('\\') != std::string::npos) {
    text += fmt::format(
        "# Slurm's --output cannot name a folder with a backslash.\nexec >> {}/{}_\"$SLURM_ARRAY_TASK_ID\".log 2>&1\n",
        shell_word(folder + "/logs"), job.name);
  }
  text += drops_outer_environment;
  text += fmt::format("name={}\nlogs={}\nledger={}\nitems_at_once={}\n", job.name, shell_word(folder + "/logs"),
                      shell_word(ledger_path(folder)), submission.batch.items_at_once);
  text += bookkeeping;
  text += launching(submission);
  text += taking_turns;

  std::map<std::string_view, const WorkItem*> items;
  for (const WorkItem& item : submission.items) items.emplace(item.name, &item);
  text += "case $SLURM_ARRAY_TASK_ID in\n";
  for (std::size_t task = 0; task < job.tasks.size(); ++task) {
    text += fmt::format("  {})\n", task);
    for (const std::string& name : job.tasks[task]) {
      text += "    item " + name;
      for (const std::string& word : items.at(name)->command) text += " " + shell_word(word);
      text += "\n";
    }
    text += "    ;;\n";
  }
  text += "esac\n";
  text += array_ending;
  return text;
}

}  // namespace rankwise::slurm
