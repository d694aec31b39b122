#include "io/files/folder_lock.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

#include "io/files/whole_file_lock.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/host_name.hpp"

namespace rankwise {

namespace {

/// Who runs here, for the next one who wants to.
std::string holder_text() {
  std::string text = fmt::format("process {} on {}", getpid(), host_name());
  if (const char* const job = std::getenv("SLURM_JOB_ID")) text += fmt::format(", job {}", job);
  return text;
}

std::string lock_path(const std::string& folder) {
  return (std::filesystem::path(folder) / "lock").string();
}

/// What file systems say that have no locks, or no server of locks that answers.
bool has_no_locks(int error) {
  return error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP || error == ENOTSUP || error == EINVAL;
}

}  // namespace

FolderLock::FolderLock(const std::string& folder, const std::string& purpose, Locking locking) {
  if (locking == Locking::off) return;
  const auto refuse = [&](const std::string& reason) {
    throw Error(ExitCode::cannot_create, fmt::format("{}: cannot {}: {}", folder, purpose, reason));
  };
  file_ = FileDescriptor(open(lock_path(folder).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file_.is_open()) refuse(std::generic_category().message(errno));
  // An open file description's lock: it ends with the last process that has it, and no other close of the file ends it.
  struct flock whole = whole_file_lock();
  if (fcntl(file_.get(), F_OFD_SETLK, &whole) != 0) {
    if (has_no_locks(errno)) {
      fault_ = std::generic_category().message(errno);
      return;
    }
    if (errno != EAGAIN && errno != EACCES) refuse(std::generic_category().message(errno));
    std::string holder(512, '\0');
    holder.resize(static_cast<std::size_t>(std::max<ssize_t>(0, pread(file_.get(), holder.data(), holder.size(), 0))));
    std::ranges::replace_if(
        holder, [](unsigned char c) { return c < ' '; }, '?');  // whoever wrote it
    refuse(fmt::format("{} runs here", holder.empty() ? "another process" : holder));
  }
  const std::string text = holder_text();
  if (ftruncate(file_.get(), 0) != 0 ||
      pwrite(file_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    refuse(std::generic_category().message(errno));
  }
}

LockHolder lock_holder(const std::string& folder) {
  const FileDescriptor file(open(lock_path(folder).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return LockHolder::none;
  struct flock whole = whole_file_lock();
  if (fcntl(file.get(), F_OFD_GETLK, &whole) != 0) return LockHolder::unknown;
  return whole.l_type == F_UNLCK ? LockHolder::none : LockHolder::some;
}

}  // namespace rankwise
