#include "kernels/process/small_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

constexpr mode_t by_umask = 0666;

/// An errno where that fails, else 0.
int write_durably(int file, std::string_view text) {
  const int fault = write_whole(file, text);
  return fault != 0 ? fault : sync_to_disk(file);
}

bool is_at(int file, const std::string& path) {
  struct stat open_one {};
  struct stat there {};
  return fstat(file, &open_one) == 0 && stat(path.c_str(), &there) == 0 && open_one.st_dev == there.st_dev &&
         open_one.st_ino == there.st_ino;
}

/// Waits for who has it now; false where the file system has no locks. The system lets go of a killed writer's lock.
bool lock(int file) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  while (fcntl(file, F_OFD_SETLKW, &whole) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

/// What takes the new text; closed, with errno, if it cannot be opened.
struct Partial {
  std::string path;
  FileDescriptor file;
};

Partial open_own_partial(const fs::path& folder) {
  for (int attempt = 0;; ++attempt) {
    const std::string path = folder / fmt::format(".records.{}-{}-unlocked.partial", getpid(), attempt);
    FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, by_umask));
    if (file.is_open() || errno != EEXIST) return {path, std::move(file)};
  }
}

/// One for all files of the folder and all processes, so that the next writer overwrites what a killed one left.
Partial open_partial(const fs::path& folder) {
  const std::string path = folder / ".records.0-0.partial";
  while (true) {
    FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, by_umask));
    if (!file.is_open()) return {path, std::move(file)};
    if (!lock(file.get())) {
      unlink(path.c_str());
      return open_own_partial(folder);
    }
    if (is_at(file.get(), path)) return {path, std::move(file)};  // else the one before has put it in its place
  }
}

/// An errno where that fails, else 0.
int put_in_place(const Partial& partial, std::string_view text, const std::string& path) {
  if (ftruncate(partial.file.get(), 0) != 0) return errno;
  const int fault = write_durably(partial.file.get(), text);
  if (fault != 0) return fault;
  return std::rename(partial.path.c_str(), path.c_str()) == 0 ? 0 : errno;
}

Error cannot_write(ExitCode code, const std::string& path, int fault) {
  return {code, fmt::format("{}: cannot be written: {}", path, std::generic_category().message(fault))};
}

}  // namespace

std::optional<std::string> whole_file(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return std::nullopt;
  std::string text;
  std::array<char, 1 << 14> piece{};
  while (true) {
    const ssize_t size = read(file.get(), piece.data(), piece.size());
    if (size == 0) return text;
    if (size > 0) {
      text.append(piece.data(), static_cast<std::size_t>(size));
    } else if (errno != EINTR) {
      return std::nullopt;
    }
  }
}

std::string read_small_file(const std::string& path) {
  std::optional<std::string> text = whole_file(path);
  if (text) return std::move(*text);
  const int fault = errno;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  throw Error(ExitCode::io_error, fmt::format("{}: cannot be read: {}", path, std::generic_category().message(fault)));
}

void replace_file(const std::string& path, std::string_view text) {
  const fs::path folder = folder_of(path);
  const Partial partial = open_partial(folder);
  if (!partial.file.is_open()) throw cannot_write(ExitCode::cannot_create, path, errno);
  if (const int fault = put_in_place(partial, text, path); fault != 0) {
    unlink(partial.path.c_str());
    throw cannot_write(ExitCode::io_error, path, fault);
  }
  if (const int fault = sync_folder(folder); fault != 0) throw cannot_write(ExitCode::io_error, path, fault);
}

bool append_line(const std::string& path, const std::string& line) {
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, by_umask));
  struct stat before {};
  if (!file.is_open() || fstat(file.get(), &before) != 0) return false;
  int fault = write_durably(file.get(), line + "\n");
  if (fault == 0 && before.st_size == 0) fault = sync_folder(folder_of(path));  // it may be new
  if (fault == 0 && !file.close_now()) fault = errno;
  errno = fault;
  return fault == 0;
}

}  // namespace rankwise
