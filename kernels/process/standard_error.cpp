#include "kernels/process/standard_error.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

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
