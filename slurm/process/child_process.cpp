#include "slurm/process/child_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <span>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "kernels/base/error.hpp"

namespace rankwise::slurm {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  // exec takes pointers to non-const for historical reasons and writes nothing.
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

/// In the child, between fork and exec: nothing but system calls.
[[noreturn]] void become(char* const* arguments, char* const* environment, const ChildCommand& command, pid_t parent,
                         int descriptors) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, command.signal_when_left);
  if (getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGPIPE, SIGXFSZ}) (void)signal(number, SIG_DFL);
  const int empty = open("/dev/null", O_RDONLY);
  dup2(empty, STDIN_FILENO);
  const int error = fcntl(command.error, F_DUPFD, 3);  // the next line may close it
  dup2(command.output, STDOUT_FILENO);
  dup2(error, STDERR_FILENO);
  for (int descriptor = 3; descriptor < descriptors; ++descriptor) close(descriptor);
  execvpe(arguments[0], arguments, environment);
  const char* reason = strerrordesc_np(errno);
  for (const char* text :
       {static_cast<const char*>(arguments[0]), ": ", reason == nullptr ? "cannot be executed" : reason, "\n"}) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0) break;
  }
  _exit(127);
}

/// What mpirun, srun and MPI itself leave in the environment of a program, and would mislead the next launcher.
bool is_of_launcher(std::string_view variable) {
  constexpr std::array<std::string_view, 20> left{
      local_job_variable, "OMPI_", "PMIX_", "PMI_", "SLURM_", "ORTE_", "OMPI_MCA_ess",
      "OMPI_MCA_pmix=", "OMPI_MCA_orte_", "OMPI_MCA_initial_wdir=", "OMPI_MCA_shmem_RUNTIME", "OPAL_",
      // Options of Slurm's clients, which would beat what is asked of them.
      "SBATCH_", "SRUN_", "SALLOC_", "SQUEUE_", "SCANCEL_", "SCONTROL_", "SACCT_", "SINFO_"};
  // How Slurm's clients find and convince their controller, and what a user sets for Open MPI.
  constexpr std::array<std::string_view, 5> wishes{"SLURM_CONF=", "SLURM_CONF_SERVER=", "SLURM_JWT=", "OMPI_MCA_",
                                                   "OMPI_ALLOW_RUN_AS_ROOT"};
  const auto longest = [variable](std::span<const std::string_view> prefixes) {
    std::size_t most = 0;
    for (const std::string_view prefix : prefixes) {
      if (variable.starts_with(prefix)) most = std::max(most, prefix.size());
    }
    return most;
  };
  return longest(left) > longest(wishes);
}

}  // namespace

ChildProcess::ChildProcess(const ChildCommand& command) {
  const std::vector<char*> arguments = pointers(command.arguments);
  const std::vector<char*> environment = pointers(command.environment);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int descriptors = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 4096));
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) {
    throw Error(ExitCode::io_error, fmt::format("{}: no new process: {}", command.arguments.front(), strerror(errno)));
  }
  if (pid_ == 0) become(arguments.data(), environment.data(), command, parent, descriptors);
  setpgid(pid_, pid_);  // in both, so that it holds for whoever comes first
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0 || exit_code()) return;
  send_signal(SIGKILL);
  reap(0);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_code_(other.exit_code_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(exit_code_, other.exit_code_);
  return *this;
}

void ChildProcess::reap(int options) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(pid_, &status, options);
  } while (ended < 0 && errno == EINTR);
  if (ended != pid_) return;
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::optional<int> ChildProcess::exit_code() {
  if (!exit_code_) reap(WNOHANG);
  return exit_code_;
}

void ChildProcess::send_signal(int number) const {
  if (pid_ > 0 && !exit_code_) kill(-pid_, number);
}

std::vector<std::string> clean_environment(const std::vector<std::string>& changes) {
  std::vector<std::string> environment = changes;
  const auto is_changed = [&changes](std::string_view variable) {
    const std::string_view name = variable.substr(0, variable.find('=') + 1);
    return std::ranges::any_of(changes, [name](const std::string& change) { return change.starts_with(name); });
  };
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!is_of_launcher(*variable) && !is_changed(*variable)) environment.emplace_back(*variable);
  }
  return environment;
}

}  // namespace rankwise::slurm
