#include "kernels/process/folder_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/base/error.hpp"

namespace rankwise::slurm {

namespace {

/// By one call; errno tells what failed.
bool write_durably(int file, std::string_view text) {
  return write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
}

bool is_at(int file, const std::string& path) {
  struct stat open_one {};
  struct stat there {};
  return fstat(file, &open_one) == 0 && stat(path.c_str(), &there) == 0 && open_one.st_dev == there.st_dev &&
         open_one.st_ino == there.st_ino;
}

/// Opens a file that one writer at a time has locked, and waits for the one that has it now; -1, with errno, where it
/// cannot be opened. The system lets go of a killed writer's lock; where the file system has no locks nobody waits.
int open_for_one_writer(const std::string& path) {
  while (true) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (file < 0 || fcntl(file, F_OFD_SETLKW, &whole) != 0 || is_at(file, path)) return file;
    close(file);  // the one before has put it in its place
  }
}

/// One for all files of the folder and all processes, so that the next writer overwrites what a killed one left.
std::string partial_path(const std::filesystem::path& path) {
  return (path.parent_path() / ".records.0-0.partial").string();
}

}  // namespace

bool append_line(const std::string& path, const std::string& line) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) return false;
  const bool written = write_durably(file, line + "\n");
  const int reason = errno;
  const bool closed = close(file) == 0;
  if (!written) errno = reason;
  return written && closed;
}

void replace_file(const std::string& path, const std::string& text) {
  const std::string partial = partial_path(path);
  const int file = open_for_one_writer(partial);
  const bool replaced = file >= 0 && ftruncate(file, 0) == 0 && write_durably(file, text) &&
                        std::rename(partial.c_str(), path.c_str()) == 0;
  const std::string reason = strerror(errno);
  if (file >= 0 && !replaced) unlink(partial.c_str());
  if (file >= 0) close(file);
  if (!replaced) throw Error(ExitCode::cannot_create, fmt::format("{}: cannot be written: {}", path, reason));
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
