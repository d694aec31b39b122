// Sample runs:
//   rankwise doctor --directory /scratch/shop --partition batch --nodes 2
//   srun --mpi=pmix -N 2 rankwise doctor --directory /scratch/shop

#include "jobs/doctor/doctor.hpp"

#include <boost/program_options.hpp>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io/files/commit.hpp"
#include "jobs/doctor/doctor_slurm.hpp"
#include "jobs/doctor/findings.hpp"
#include "jobs/doctor/launch_view.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/run/standard_output.hpp"
#include "kernels/text/units.hpp"
#include "slurm/process/command.hpp"

namespace rankwise {

namespace po = boost::program_options;

namespace {

struct DoctorOptions {
  std::string directory;
  std::string partition;
  std::string account;
  int nodes = 1;
  int tasks_per_node = 2;
  double wait_seconds = 60;
  bool inside = false;
  double signal_seconds = 0;
};

/// A folder for the trial's files, removed at the end.
class TrialFolder {
 public:
  explicit TrialFolder(const std::string& directory)
      : path_(std::filesystem::absolute(fmt::format("{}/rankwise-doctor-{}", directory, getpid()))) {
    std::error_code failure;
    std::filesystem::create_directory(path_, failure);
    if (failure) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", path_, failure.message()));
  }
  ~TrialFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Finding free_space(const std::string& directory) {
  struct statvfs space {};
  if (!std::filesystem::is_directory(directory) || statvfs(directory.c_str(), &space) != 0) {
    throw Error(ExitCode::cannot_create,
                fmt::format("--directory {}: expected a folder that can be written", directory));
  }
  const double bytes = static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize);
  constexpr double little_bytes = 10.0 * (1 << 30);
  return {"free space", bytes < little_bytes ? Verdict::warning : Verdict::fine,
          fmt::format("{} in {}", bytes_text(bytes), directory),
          bytes < little_bytes
              ? "a checkpoint takes 4 bytes per factor of every user and item, and three are on disk at times"
              : ""};
}

/// Seconds of a commit: written, made durable, renamed.
Finding commit_speed(const JobContext& context, const std::string& directory) {
  const std::string path = fmt::format("{}/.rankwise-doctor-{}", directory, context.comm.max(Index{getpid()}));
  const auto begin = std::chrono::steady_clock::now();
  write_text_in_rank_order(context.comm, path, context.comm.is_root() ? "durable\n" : "");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (context.comm.is_root()) unlink(path.c_str());
  const bool is_slow = seconds > 1;
  return {"fsync", is_slow ? Verdict::warning : Verdict::fine,
          fmt::format("a small file is durable after {:.3f} s", seconds),
          is_slow ? "checkpoint less often: --checkpoint-interval 00:10:00" : ""};
}

/// Whether mpirun starts one program of several ranks on this machine.
Finding local_mpirun(const std::string& folder) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  const slurm::CommandResult run = slurm::run_command({"mpirun", "--oversubscribe", "--bind-to", "none", "-n", "2",
                                                       program, "doctor", "--inside", "--quiet", "--directory", folder},
                                                      60);
  const auto view = launch_view_from_json(run.output);
  const bool is_right = view && view->ranks == 2;
  return {
      "mpirun here", is_right ? Verdict::fine : Verdict::warning,
      view ? fmt::format("{} of 2 ranks", view->ranks) : run.reason(),
      is_right ? "" : "load the MPI that rankwise was built with (as root: OMPI_ALLOW_RUN_AS_ROOT and _CONFIRM = 1)"};
}

slurm::SbatchHeader trial_header(const DoctorOptions& options, const std::string& folder) {
  slurm::SbatchHeader header;
  header.job_name = "rankwise-doctor";
  header.partition = options.partition;
  header.account = options.account;
  header.nodes = options.nodes;
  header.tasks_per_node = options.tasks_per_node;
  header.tasks = Index{options.nodes} * options.tasks_per_node;
  header.time_limit_seconds = 300;
  header.log = slurm::log_in(folder, "trial.log");
  return header;
}

/// The lines of a script that has just worked, but for the limits.
std::string header_text(slurm::SbatchHeader header) {
  header.job_name = "rankwise";
  header.log = "rankwise-%j.log";
  header.signal = "USR2@120";
  header.time_limit_seconds = 14'400;
  return "\nA header that works here (nodes, tasks, processors and time are yours; rankwise plan --sbatch knows "
         "them):\n" +
         slurm::sbatch_header(header) +
         "srun --mpi=pmix --kill-on-bad-exit=1 --cpus-per-task=\"$SLURM_CPUS_PER_TASK\" rankwise ...\n";
}

/// From one rank that may start others.
std::vector<Finding> look_around(const DoctorOptions& options, std::string& header) {
  const TrialFolder folder(options.directory);
  std::vector<Finding> findings{local_mpirun(folder.path())};
  const std::optional<std::string> version = slurm_version();
  if (!version) {
    findings.push_back({"Slurm", Verdict::fine, "none here: launch with mpirun; sweeps run by --scheduler local"});
    return findings;
  }
  findings.push_back({"Slurm", Verdict::fine, *version});
  const SlurmTrial trial{trial_header(options, folder.path()), folder.path(), options.wait_seconds};
  try {
    for (Finding& finding : findings_of_configuration()) findings.push_back(std::move(finding));
  } catch (const Error& failure) {
    findings.push_back({"Slurm's controller", Verdict::fault, failure.what(), "is this a login node of the cluster?"});
    return findings;
  }
  const std::vector<Finding> of_trial = findings_of_trial(trial);
  if (of_trial.front().check == "launch by srun" && of_trial.front().verdict == Verdict::fine) {
    header = header_text(trial.header);
  }
  findings.insert(findings.end(), of_trial.begin(), of_trial.end());
  return findings;
}

void examine(const DoctorOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  Finding space;
  agree_on(comm, [&] { space = free_space(options.directory); });
  if (options.inside) {
    const LaunchView view = view_launch(context, options.directory, options.signal_seconds);
    return agree_on(comm, [&] {
      if (comm.is_root()) print_data(to_json(view) + "\n");
    });
  }
  std::vector<Finding> findings{space, commit_speed(context, options.directory)};
  for (Finding& finding : findings_of(view_launch(context, options.directory, 0)))
    findings.push_back(std::move(finding));
  std::string header;
  agree_on(comm, [&] {
    if (comm.size() > 1) return;  // they have been launched: that is what is examined
    const std::vector<Finding> more = look_around(options, header);
    findings.insert(findings.end(), more.begin(), more.end());
  });
  log_findings(context.report, findings);
  agree_on(comm, [&] {
    if (comm.is_root()) print_result(findings_table(findings) + header);
  });
  std::string faults;
  for (const Finding& finding : findings) {
    if (finding.verdict == Verdict::fault) faults += (faults.empty() ? "" : ", ") + finding.check;
  }
  if (!faults.empty()) throw AgreedError(ExitCode::io_error, "runs will fail here: " + faults);
}

RunJob describe(po::options_description& description) {
  auto options = std::make_shared<DoctorOptions>();
  // clang-format off
  description.add_options()
    ("directory", written_folder(&options->directory, {})->default_value("."), "where runs will read and write; every node has to see it")
    ("partition", po::value(&options->partition)->value_name("NAME"), "of the trial job; without it the cluster's default")
    ("account", po::value(&options->account)->value_name("NAME"), "of the trial job; without it the user's default")
    ("nodes", po::value(&options->nodes)->value_name("N")->default_value(1)->notifier(within<int>("nodes", 1, 10'000)), "of the trial job; two or more try the network and the file system between them")
    ("tasks-per-node", po::value(&options->tasks_per_node)->value_name("N")->default_value(2)->notifier(within<int>("tasks-per-node", 1, 10'000)), "ranks on each of them")
    ("wait", po::value(&options->wait_seconds)->value_name("SECONDS")->default_value(60)->notifier(within<double>("wait", 1, 86'400)), "for the trial job to begin")
    ("inside", po::bool_switch(&options->inside), "start nothing; print what the ranks of this launch see, as JSON")
    ("await-signal", po::value(&options->signal_seconds)->value_name("SECONDS")->default_value(0)->notifier(within<double>("await-signal", 0, 3600)), "with --inside: wait for a signal, and tell which came");
  // clang-format on
  return [options](JobContext& context) { examine(*options, context); };
}

}  // namespace

Job doctor_job() {
  return {
      "doctor", "finds out by running whether this cluster will run us, and what to change",
      "One rank alone tries mpirun here and, where there is Slurm, one small job: which launchers make one program of "
      "its\ntasks, whether signals reach it, what its ranks see. Under mpirun or srun the launch itself is examined. "
      "Warnings cost\nspeed or safety; a fault, which makes runs fail, ends with 74.",
      describe};
}

}  // namespace rankwise
