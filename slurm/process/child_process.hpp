#pragma once
// A program that runs beside this one, in a process group of its own.

#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace rankwise::slurm {

/// What a child runs. Descriptors stay the caller's; all others are closed in the child, its input is empty.
struct ChildCommand {
  std::vector<std::string> arguments;    ///< the program first, looked up in PATH
  std::vector<std::string> environment;  ///< "NAME=value", all of it
  int output = 2;
  int error = 2;
  int signal_when_left = SIGTERM;  ///< it gets this when this process dies
};

/// Variable that marks processes of a local scheduler's job, by the job's name. No child of another kind has it.
inline constexpr std::string_view local_job_variable = "RANKWISE_LOCAL_JOB=";

/// Told to end when this process dies, and ended with SIGKILL, as a group, when its owner does. Move-only.
class ChildProcess {
 public:
  /// Throws Error(io_error) where no process can be made. A program that cannot be executed ends with 127.
  explicit ChildProcess(const ChildCommand& command);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Its exit code once it has ended, 128 + n for signal n; does not wait.
  [[nodiscard]] std::optional<int> exit_code();
  /// To its whole group; nothing once it has ended.
  void send_signal(int number) const;

 private:
  void reap(int options);
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

/// This process's environment without what MPI and Slurm launchers left in it, so that a child starts anew, and without
/// options for Slurm's clients, so that these do what their command line and script say
/// (slurm/batch/client_environment.hpp); `changes` are "NAME=value" and win.
[[nodiscard]] std::vector<std::string> clean_environment(const std::vector<std::string>& changes = {});

}  // namespace rankwise::slurm
