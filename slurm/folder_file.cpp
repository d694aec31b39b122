#include "slurm/folder_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <string_view>
#include <unistd.h>

#include "kernels/error.hpp"

namespace rankwise::slurm {

namespace {

/// Opens, writes by one call, makes durable and closes; errno tells what failed.
bool write_whole(const std::string& path, std::string_view text, int flags) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
  if (file < 0) return false;
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  const int reason = errno;
  const bool closed = close(file) == 0;
  if (!written) errno = reason;
  return written && closed;
}

}  // namespace

bool append_line(const std::string& path, const std::string& line) {
  return write_whole(path, line + "\n", O_APPEND);
}

void replace_file(const std::string& path, const std::string& text) {
  const std::string partial = fmt::format("{}.{}.partial", path, getpid());
  if (write_whole(partial, text, O_TRUNC) && std::rename(partial.c_str(), path.c_str()) == 0) return;
  const std::string reason = strerror(errno);
  unlink(partial.c_str());
  throw Error(ExitCode::cannot_create, fmt::format("{}: cannot be written: {}", path, reason));
}

std::string file_text(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || (file.peek() != std::ifstream::traits_type::eof() && !(text << file.rdbuf()))) {
    throw Error(ExitCode::io_error, fmt::format("{}: cannot be read", path));
  }
  return text.str();
}

void make_scheduler_folder(const std::string& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder + "/logs", failure);
  if (failure) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", folder, failure.message()));
}

}  // namespace rankwise::slurm
