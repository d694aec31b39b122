#include "io/files/unfinished_file.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "io/files/whole_file_lock.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_stem = 200;  // of the 255 bytes that a file name may have
constexpr std::string_view suffix = ".partial";
constexpr std::string_view unlocked = "-unlocked";

std::string stem_of(const fs::path& target) {
  return target.filename().string().substr(0, longest_stem);
}

struct NameParts {
  std::string target;
  bool is_locked_by_writer = true;
};

/// Takes digits off the end of `text`; false where it has none.
bool remove_number(std::string_view& text) {
  const std::size_t before = text.find_last_not_of("0123456789");
  const std::size_t size = before == std::string_view::npos ? 0 : before + 1;
  const bool has_number = size < text.size();
  text = text.substr(0, size);
  return has_number;
}

bool remove_end(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

/// Of `.NAME.PID-N.partial` or `.NAME.PID-N-unlocked.partial`; nothing for other files.
std::optional<NameParts> parts_of(std::string_view name) {
  if (!name.starts_with('.') || !remove_end(name, suffix)) return std::nullopt;
  name.remove_prefix(1);
  NameParts parts;
  parts.is_locked_by_writer = !remove_end(name, unlocked);
  const bool fits = remove_number(name) && remove_end(name, "-") && remove_number(name) && remove_end(name, ".");
  if (!fits || name.empty()) return std::nullopt;
  parts.target = name;
  return parts;
}

/// The entries whose names are those of unfinished files.
std::vector<std::pair<fs::path, NameParts>> unfinished_in(const std::string& folder, std::error_code& error) {
  std::vector<std::pair<fs::path, NameParts>> found;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (std::optional<NameParts> name = parts_of(entry->path().filename().string())) {
      found.emplace_back(entry->path(), std::move(*name));
    }
  }
  return found;
}

enum class LockAnswer { taken, held, refused };

/// Asks for an open file description's lock, which ends with the last process that has it, and holds across hosts.
LockAnswer try_lock(int file) {
  struct flock whole = whole_file_lock();
  if (fcntl(file, F_OFD_SETLK, &whole) == 0) return LockAnswer::taken;
  return errno == EAGAIN || errno == EACCES ? LockAnswer::held : LockAnswer::refused;
}

/// Whether the file of this path is still the open one.
bool is_at(int file, const std::string& path) {
  struct stat open_one {};
  struct stat there {};
  return fstat(file, &open_one) == 0 && lstat(path.c_str(), &there) == 0 && open_one.st_dev == there.st_dev &&
         open_one.st_ino == there.st_ino;
}

FileDescriptor open_existing(const std::string& path, int access) {
  return FileDescriptor(open(path.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

/// Who can lock the file knows that nobody writes it, and that nobody else removes it now.
void remove_if_dead(const std::string& path) {
  const FileDescriptor file = open_existing(path, O_WRONLY);
  struct stat status {};
  if (!file.is_open() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (try_lock(file.get()) == LockAnswer::taken && is_at(file.get(), path)) unlink(path.c_str());
}

WriterState writer_of(const std::string& path, const NameParts& name) {
  const FileDescriptor file = open_existing(path, O_RDONLY);
  struct flock whole = whole_file_lock();
  if (!name.is_locked_by_writer || !file.is_open() || fcntl(file.get(), F_OFD_GETLK, &whole) != 0) {
    return WriterState::unknown;
  }
  return whole.l_type == F_UNLCK ? WriterState::dead : WriterState::alive;
}

}  // namespace

Error cannot_create(const std::string& path, const std::string& reason) {
  return {ExitCode::cannot_create, fmt::format("{}: cannot create: {}", path, reason)};
}

UnfinishedFile::UnfinishedFile(const std::string& path, const std::string& target) {
  constexpr int attempts = 1000;
  const std::string stem = stem_of(target);
  const fs::path parent = fs::path(target).parent_path();
  const fs::path folder = parent.empty() ? fs::path(".") : parent;
  remove_leftovers(folder.string(), [&stem](const std::string& name) { return name == stem; });
  std::string_view kind;
  const EndingDelayed until_it_is_known;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    path_ = (folder / fmt::format(".{}.{}-{}{}{}", stem, getpid(), attempt, kind, suffix)).string();
    FileDescriptor created(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!created.is_open()) {
      if (errno == ENOENT) throw cannot_create(path, fmt::format("the directory {} does not exist", folder.string()));
      if (errno != EEXIST) throw cannot_create(path, std::generic_category().message(errno));
      continue;
    }
    const LockAnswer answer = kind.empty() ? try_lock(created.get()) : LockAnswer::taken;
    if (answer == LockAnswer::refused) {
      unlink(path_.c_str());
      kind = unlocked;
      continue;
    }
    // Another run that saw it before it was locked takes it for a dead one's.
    if (answer == LockAnswer::held || !is_at(created.get(), path_)) continue;
    file_ = std::move(created);
    removal_ = std::make_unique<RemovedOnSignal>(path_);
    return;
  }
  throw cannot_create(path, "too many unfinished files of the same name lie in its directory");
}

UnfinishedFile::~UnfinishedFile() {
  if (removal_) unlink(path_.c_str());
}

bool UnfinishedFile::move_to(const std::string& target) {
  if (std::rename(path_.c_str(), target.c_str()) != 0) return false;
  removal_.reset();
  file_ = FileDescriptor();
  return true;
}

void remove_leftovers(const std::string& folder, const std::function<bool(const std::string& target)>& is_meant) {
  std::error_code ignored;  // what cannot be seen or removed is only in the way
  for (const auto& [path, name] : unfinished_in(folder, ignored)) {
    if (name.is_locked_by_writer && is_meant(name.target)) remove_if_dead(path.string());
  }
}

std::vector<FoundUnfinished> unfinished_files(const std::string& folder) {
  std::vector<FoundUnfinished> found;
  std::error_code error;
  for (const auto& [place, name] : unfinished_in(folder, error)) {
    const std::string path = place.string();
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    const auto written = std::chrono::system_clock::from_time_t(status.st_mtime);
    const std::chrono::duration<double> since = std::chrono::system_clock::now() - written;
    found.push_back({path, name.target, status.st_size, std::max(0.0, since.count()), writer_of(path, name)});
  }
  if (error) throw Error(ExitCode::no_input, fmt::format("{}: {}", folder, error.message()));
  std::ranges::sort(found, {}, &FoundUnfinished::path);
  return found;
}

}  // namespace rankwise
