#include "slurm/process/command.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <poll.h>
#include <unistd.h>

#include "kernels/base/error.hpp"
#include "slurm/process/child_process.hpp"

namespace rankwise::slurm {

namespace {

using Clock = std::chrono::steady_clock;

/// What a child writes into one end.
class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0) throw Error(ExitCode::io_error, "no pipe to a new process");
  }
  ~Pipe() {
    close_writer();
    ::close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  /// Appends what is there; false at the end.
  bool take(std::string& text) const {
    std::array<char, 4096> piece{};
    const ssize_t size = read(reader(), piece.data(), piece.size());
    if (size > 0) text.append(piece.data(), static_cast<std::size_t>(size));
    return size > 0;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

/// Reads both pipes until both ends are closed, or the deadline; whether they were.
bool read_until(Clock::time_point deadline, const Pipe& output, const Pipe& error, CommandResult& result) {
  std::array<pollfd, 2> open{{{output.reader(), POLLIN, 0}, {error.reader(), POLLIN, 0}}};
  while (open[0].fd >= 0 || open[1].fd >= 0) {
    const int left = milliseconds_until(deadline);
    if (left == 0) return false;
    if (poll(open.data(), open.size(), left) <= 0) continue;
    if (open[0].revents != 0 && !output.take(result.output)) open[0].fd = -1;
    if (open[1].revents != 0 && !error.take(result.error)) open[1].fd = -1;
  }
  return true;
}

std::optional<int> exit_code_until(Clock::time_point deadline, ChildProcess& child) {
  while (true) {
    if (const auto code = child.exit_code()) return code;
    if (milliseconds_until(deadline) == 0) return std::nullopt;
    poll(nullptr, 0, 2);
  }
}

}  // namespace

std::string CommandResult::reason() const {
  std::string_view text = error;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  text = text.substr(text.rfind('\n') + 1);
  if (const std::size_t mark = text.find("error: "); mark != std::string_view::npos && mark < 20) {
    text.remove_prefix(mark + 7);
  }
  if (timed_out) return fmt::format("no answer in time{}{}", text.empty() ? "" : ": ", text);
  return text.empty() ? fmt::format("exit code {}", code) : std::string(text);
}

CommandResult run_command(const std::vector<std::string>& arguments, double timeout_seconds,
                          const std::vector<std::string>& environment_changes) {
  const auto deadline =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(timeout_seconds));
  Pipe output;
  Pipe error;
  ChildProcess child({.arguments = arguments,
                      .environment = clean_environment(environment_changes),
                      .output = output.writer(),
                      .error = error.writer()});
  output.close_writer();
  error.close_writer();
  CommandResult result;
  std::optional<int> code;
  if (read_until(deadline, output, error, result)) code = exit_code_until(deadline, child);
  if (!code) {
    result.timed_out = true;
    child.send_signal(SIGTERM);
    code = exit_code_until(Clock::now() + std::chrono::seconds(2), child);
  }
  result.code = code.value_or(128 + SIGKILL);  // which the end of `child` sends
  return result;
}

}  // namespace rankwise::slurm
