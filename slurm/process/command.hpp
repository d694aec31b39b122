#pragma once
// Short-lived commands, such as Slurm's clients, that must answer within a time.

#include <string>
#include <vector>

namespace rankwise::slurm {

struct CommandResult {
  int code = 0;  ///< 127: there is no such program; 128 + n: ended by signal n
  bool timed_out = false;
  std::string output;
  std::string error;

  [[nodiscard]] bool succeeded() const { return code == 0 && !timed_out; }
  /// Why it failed in one line: what the program said last on standard error, without its "name: error: ".
  [[nodiscard]] std::string reason() const;
};

/// Runs it to its end, or to SIGTERM and then SIGKILL after `timeout_seconds`. Environment: clean_environment(changes).
/// Throws Error(io_error) only where no process can be made.
[[nodiscard]] CommandResult run_command(const std::vector<std::string>& arguments, double timeout_seconds,
                                        const std::vector<std::string>& environment_changes = {});

/// Seconds that a client of Slurm may take: the controller may be busy, or restarting.
inline constexpr double client_timeout_seconds = 45;

}  // namespace rankwise::slurm
