#include "kernels/process/standard_error.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace rankwise {

namespace {

/// Of a descriptor that others have made non-blocking: they may never read it.
constexpr int patience_milliseconds = 1000;

bool can_take_more(int descriptor) {
  pollfd target{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return poll(&target, 1, patience_milliseconds) > 0;
}

}  // namespace

int write_whole(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t size = write(descriptor, text.data(), text.size());
    if (size >= 0) {
      text.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      if (!can_take_more(descriptor)) return EAGAIN;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

void write_standard_error(std::string_view text) noexcept {
  (void)write_whole(STDERR_FILENO, text);
}

void settle_standard_streams() noexcept {
  // Ascending: open() takes the lowest number that is free. Reading from the first fails, and writing to the second; of
  // a folder also if it is opened again, as /dev/stdout.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    const bool is_output = stream == STDOUT_FILENO;
    (void)open(is_output ? "/" : "/dev/null", is_output ? O_RDONLY | O_DIRECTORY : O_WRONLY);
  }
  (void)std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace rankwise
