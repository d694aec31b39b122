#include "io/files/input_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

FileDescriptor open_regular(const std::string& path) {
  struct stat status {};  // before opening: the open of a pipe would wait for its writer
  if (::stat(path.c_str(), &status) != 0) throw Error(ExitCode::no_input, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw Error(ExitCode::no_input, "is a directory, not a file");
  if (!S_ISREG(status.st_mode))
    throw Error(ExitCode::no_input, "is not a regular file; write what comes through a pipe to a file first");
  FileDescriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.is_open()) throw Error(ExitCode::no_input, std::strerror(errno));
  return opened;
}

}  // namespace

InputFile::InputFile(const std::string& path)
    : descriptor_(open_regular(path)), version_(version_of(descriptor_.get())) {}

InputFile::InputFile(const std::string& path, const FileVersion& expected) : InputFile(path) {
  check_same(expected, version_);
}

std::size_t InputFile::read_at(Index offset, char* to, std::size_t size) const {
  while (true) {
    const ssize_t got = ::pread(descriptor_.get(), to, size, offset);
    if (got == 0 && size > 0 && offset < version_.bytes) {
      check_unchanged();
      throw Error(ExitCode::io_error,
                  fmt::format("cannot be read to its end: it ends at byte {} of {}", offset, version_.bytes));
    }
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) {
      throw Error(ExitCode::io_error, fmt::format("cannot be read at byte {}: {}", offset, std::strerror(errno)));
    }
  }
}

std::shared_ptr<const InputFile> open_named(const std::string& path) {
  try {
    return std::make_shared<const InputFile>(path);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
  }
}

void InputFile::check_unchanged() const {
  check_same(version_, version_of(descriptor_.get()));
}

}  // namespace rankwise
