#include "io/input_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "kernels/error.hpp"

namespace rankwise {

InputFile::InputFile(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw Error(ExitCode::no_input, std::strerror(errno));
}

InputFile::~InputFile() {
  ::close(descriptor_);
}

std::size_t InputFile::read_at(Index offset, char* to, std::size_t size) const {
  while (true) {
    const ssize_t got = ::pread(descriptor_, to, size, offset);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) {
      throw Error(errno == EISDIR ? ExitCode::no_input : ExitCode::io_error,
                  fmt::format("cannot be read at byte {}: {}", offset, std::strerror(errno)));
    }
  }
}

}  // namespace rankwise
