#include "io/files/commit.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <system_error>
#include <unistd.h>

#include "io/files/file_identity.hpp"
#include "io/files/unfinished_file.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

std::string text_of(int fault) {
  return std::generic_category().message(fault);
}

std::string errno_text() {
  return text_of(errno);
}

Error cannot_write(const std::string& path, const std::string& reason) {
  return {ExitCode::io_error, fmt::format("{}: cannot write: {}", path, reason)};
}

/// Where the file will stand: `path` with symbolic links followed, so that a link is not replaced by a file, also one
/// whose target does not exist yet.
std::string resolve_target(const std::string& path) {
  if (path.empty()) throw Error(ExitCode::cannot_create, "cannot create a file without a name");
  std::error_code error;
  const fs::path target = follow_links(path);
  const fs::file_status status = fs::status(target, error);
  if (fs::is_directory(status) || !target.has_filename()) throw cannot_create(path, "it is a directory");
  if (fs::exists(status) && !fs::is_regular_file(status)) throw cannot_create(path, "it is not a regular file");
  // The temporary name is shorter, so that the rename would be the first to be refused.
  if (error == std::errc::filename_too_long) throw cannot_create(path, error.message());
  return target.string();
}

}  // namespace

OutputFile::OutputFile(const Communicator& comm, std::string path) : comm_(comm), path_(std::move(path)) {
  agree_on(comm_, [&] {
    if (!comm_.is_root()) return;
    target_path_ = resolve_target(path_);
    unfinished_ = std::make_unique<UnfinishedFile>(path_, target_path_);
    temporary_path_ = unfinished_->path();
  });
  comm_.broadcast(target_path_);
  comm_.broadcast(temporary_path_);
}

OutputFile::~OutputFile() = default;

void OutputFile::reserve(Index bytes) {
  agree_on(comm_, [&] {
    if (!comm_.is_root() || bytes <= 0) return;
    const auto no_space = [&] {
      return Error(ExitCode::io_error, fmt::format("{}: no space for its {} bytes on the device", path_, bytes));
    };
    const FileDescriptor file(open(temporary_path_.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file.is_open()) throw cannot_write(path_, errno_text());
    if (fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, bytes) == 0) return;
    if (errno == ENOSPC || errno == EDQUOT) throw no_space();
    // What a file system without fallocate says (NFS 3, FUSE), also below a sandbox.
    const bool is_unsupported = errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL;
    if (!is_unsupported) throw cannot_write(path_, errno_text());
    // There the free space is all one can ask for; writing zeros would double the time.
    struct statvfs space {};
    if (fstatvfs(file.get(), &space) != 0) throw cannot_write(path_, errno_text());
    if (static_cast<Index>(space.f_bavail) < bytes / static_cast<Index>(space.f_frsize)) throw no_space();
  });
}

FileDescriptor OutputFile::open_to_write() const {
  struct statfs system {};
  const bool is_nfs = statfs(temporary_path_.c_str(), &system) == 0 && system.f_type == NFS_SUPER_MAGIC;
  // An NFS client may send the whole page of which it has written a part, and with it zeros in place of what another
  // host has written in the rest; but not of files that are open for synchronous writes.
  FileDescriptor file(open(temporary_path_.c_str(), O_WRONLY | O_CLOEXEC | (is_nfs ? O_DSYNC : 0)));
  if (!file.is_open()) throw cannot_write(path_, errno_text());
  return file;
}

void OutputFile::make_durable() const {
  const FileDescriptor file(open(temporary_path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.is_open()) throw cannot_write(path_, errno_text());
  if (const int fault = sync_to_disk(file.get()); fault != 0) throw cannot_write(path_, text_of(fault));
}

void OutputFile::put_in_place() {
  struct stat status {};
  // Gives back what reserve() secured beyond the end.
  if (stat(temporary_path_.c_str(), &status) != 0 || truncate(temporary_path_.c_str(), status.st_size) != 0) {
    throw cannot_write(path_, errno_text());
  }
  if (!unfinished_->move_to(target_path_)) throw cannot_write(path_, errno_text());
  if (const int fault = sync_folder(folder_of(target_path_)); fault != 0) throw cannot_write(path_, text_of(fault));
  unfinished_.reset();
}

void OutputFile::commit() {
  // Every rank: on a shared file system each node holds its own unwritten pages.
  agree_on(comm_, [&] { make_durable(); });
  agree_on(comm_, [&] {
    if (comm_.is_root()) put_in_place();
  });
}

void write_at(const std::string& path, int descriptor, std::string_view bytes, Index offset) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw cannot_write(path, errno_text());
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += written;
  }
}

void check_output(const Communicator& comm, const std::string& path) {
  const OutputFile trial(comm, path);
}

OrderedTextFile::OrderedTextFile(const Communicator& comm, std::string path)
    : comm_(comm), output_(comm, std::move(path)) {
  agree_on(comm_, [&] { descriptor_ = output_.open_to_write(); });
}

void OrderedTextFile::append(std::string_view mine) {
  const auto bytes = static_cast<Index>(mine.size());
  const Index offset = size_ + comm_.exclusive_sum(bytes);
  agree_on(comm_, [&] { write_at(output_.path(), descriptor_.get(), mine, offset); });
  size_ += comm_.sum(bytes);
}

void OrderedTextFile::commit() {
  agree_on(comm_, [&] {
    if (!descriptor_.close_now()) throw cannot_write(output_.path(), errno_text());
  });
  output_.commit();
}

void write_text_in_rank_order(const Communicator& comm, const std::string& path, std::string_view mine) {
  OrderedTextFile file(comm, path);
  file.append(mine);
  file.commit();
}

}  // namespace rankwise
