#include "jobs/doctor/doctor_slurm.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <string_view>
#include <thread>

#include "jobs/doctor/launch_view.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"
#include "slurm/batch/slurm_queue.hpp"
#include "slurm/process/command.hpp"

namespace rankwise {

namespace {

using Clock = std::chrono::steady_clock;

std::string trial_script(const SlurmTrial& trial) {
  const std::string program = slurm::shell_word(std::filesystem::read_symlink("/proc/self/exe").string());
  const std::string folder = slurm::shell_word(trial.folder);
  std::string text = slurm::sbatch_header(trial.header);
  text += slurm::drops_outer_environment;
  text += fmt::format("cd {} || exit 1\n", folder);
  text += "try() {\n  local name=$1\n  shift\n  \"$@\" > \"$name.json\" 2> \"$name.err\" < /dev/null\n}\n";
  const std::string inside = fmt::format("{} doctor --inside --quiet --directory {}", program, folder);
  const std::string srun = "srun --mpi=pmix --kill-on-bad-exit=1 --cpus-per-task=\"$SLURM_CPUS_PER_TASK\" ";
  text += fmt::format("try srun {}{}\n", srun, inside);
  text += fmt::format("try mpirun mpirun --bind-to none -n \"$SLURM_NTASKS\" {}\n", inside);
  text += fmt::format("try signal {}{} --await-signal 30 &\n", srun, inside);
  text += "for ((i = 0; i < 150; ++i)); do if [[ -e ready ]]; then break; fi; sleep 0.2; done\n";
  text += "scancel --signal=USR2 \"$SLURM_JOB_ID\"\nwait\ntouch done\n";
  return text;
}

/// Whether `condition` came true in time.
template <class Condition>
bool wait_until(double seconds, const Condition& condition) {
  const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return true;
}

std::string last_line(const std::string& path) {
  slurm::CommandResult said;
  said.error = read_small_file(path);
  return said.error.empty() ? "nothing was said" : said.reason();
}

Finding launcher_finding(const SlurmTrial& trial, const std::string& name, Verdict if_wrong,
                         const std::string& advice) {
  const std::string base = trial.folder + "/" + name;
  const std::optional<LaunchView> view = launch_view_from_json(read_small_file(base + ".json"));
  if (!view) return {"launch by " + name, if_wrong, last_line(base + ".err"), advice};
  const bool is_right = view->ranks == trial.header.tasks;
  return {
      "launch by " + name, is_right ? Verdict::fine : if_wrong,
      fmt::format("{} of {} ranks on {} of {} nodes", view->ranks, trial.header.tasks, view->nodes, trial.header.nodes),
      is_right ? "" : advice};
}

Finding signal_finding(const SlurmTrial& trial) {
  const std::optional<LaunchView> view = launch_view_from_json(read_small_file(trial.folder + "/signal.json"));
  if (view && !view->signal.empty()) return {"signal to the job", Verdict::fine, view->signal + " reaches the ranks"};
  return {"signal to the job", Verdict::warning,
          view ? "SIGUSR2 does not reach the ranks" : last_line(trial.folder + "/signal.err"),
          "give runs --max-time somewhat below the time limit, so that they stop with a checkpoint by themselves"};
}

}  // namespace

std::optional<std::string> slurm_version() {
  const slurm::CommandResult version = slurm::run_command({"sinfo", "--version"}, 10);
  if (!version.succeeded()) return std::nullopt;
  return version.output.substr(0, version.output.find('\n'));
}

std::vector<Finding> findings_of_configuration() {
  std::vector<Finding> findings;
  const auto configuration = slurm::ask_configuration();
  const Index array = slurm::number_in(configuration, "MaxArraySize", 1001);
  findings.push_back(
      {"array size", Verdict::fine, fmt::format("MaxArraySize {}: longer sweeps become several arrays", array)});
  const Index jobs = slurm::number_in(configuration, "MaxJobCount", 10'000);
  findings.push_back({"submit limit", jobs < 1000 ? Verdict::warning : Verdict::fine,
                      fmt::format("MaxJobCount {}", jobs), jobs < 1000 ? "pack sweeps: several trials to a job" : ""});
  if (const auto wait = configuration.find("KillWait"); wait != configuration.end()) {
    findings.push_back(
        {"time limit", Verdict::fine,
         fmt::format("KillWait {}; our batch scripts ask for a signal 120 s before the limit", wait->second)});
  }
  const auto requeue = configuration.find("JobRequeue");
  const bool is_off = requeue != configuration.end() && requeue->second == "0";
  findings.push_back(
      {"requeue", Verdict::fine,
       is_off ? "JobRequeue 0: our scripts ask for --requeue themselves" : "jobs of failed nodes come back"});
  const slurm::CommandResult plugins = slurm::run_command({"srun", "--mpi=list"}, slurm::client_timeout_seconds);
  const bool has_pmix = (plugins.output + plugins.error).find("pmix") != std::string::npos;
  findings.push_back({"srun --mpi=pmix", has_pmix ? Verdict::fine : Verdict::fault,
                      has_pmix ? "this Slurm has it" : "this Slurm has no pmix",
                      has_pmix ? "" : "launch with mpirun inside the job, or have Slurm built with PMIx"});
  return findings;
}

std::vector<Finding> findings_of_trial(const SlurmTrial& trial) {
  const std::string path = trial.folder + "/trial.sbatch";
  replace_file(path, trial_script(trial));
  slurm::Acceptance job;
  try {
    slurm::require_scriptable(trial.folder);
    job = slurm::submit_script(path);
  } catch (const Error& refusal) {
    return {{"trial job", Verdict::fault, refusal.what(), "name a --partition and --account that take it"}};
  }
  const auto has = [&trial](const char* name) { return std::filesystem::exists(trial.folder + "/" + name); };
  const auto queued = [&job](const std::string& format) {
    const std::vector<std::string> squeue{"squeue", "--noheader", "--jobs=" + job.id, "--format=" + format};
    return slurm::run_command(slurm::in_cluster(squeue, job.cluster), 30).output;
  };
  const auto is_gone = [&] { return queued("%A").find(job.id) == std::string::npos; };
  const bool began = wait_until(trial.most_seconds, [&] { return has("srun.err"); });
  const bool ended = began && wait_until(trial.most_seconds + 60, [&] { return has("done") || is_gone(); });
  if (!ended || !has("done")) {
    const std::string state = queued("%T (%r)");
    slurm::cancel_jobs({job.id}, job.cluster);
    return {{"trial job", Verdict::warning,
             fmt::format("job {} did not {} within {:.0f} s: {}", job.id, began ? "end" : "begin", trial.most_seconds,
                         state.substr(0, state.find('\n'))),
             "ask again with a longer --wait, another --partition, or a --directory that all nodes share"}};
  }
  std::vector<Finding> findings{
      launcher_finding(trial, "srun", Verdict::fault, "launch with mpirun inside the job, if that is fine"),
      launcher_finding(trial, "mpirun", Verdict::warning, "launch with srun --mpi=pmix"), signal_finding(trial)};
  if (const auto view = launch_view_from_json(read_small_file(trial.folder + "/srun.json"))) {
    for (Finding& finding : findings_of(*view)) {
      finding.check += " (job)";
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace rankwise
