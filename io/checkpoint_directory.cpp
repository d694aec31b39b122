#include "io/checkpoint_directory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <optional>
#include <sstream>
#include <system_error>
#include <unistd.h>

namespace rankwise {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "epoch-";
constexpr std::string_view half_suffix = "-half.h5";
constexpr std::string_view suffix = ".h5";

Error cannot_use(const std::string& path, const std::string& reason) {
  return {ExitCode::cannot_create, fmt::format("{}: cannot hold checkpoints: {}", path, reason)};
}

std::string errno_text() {
  return std::generic_category().message(errno);
}

/// Half-sweeps that a checkpoint's name tells; nothing for other files.
std::optional<Index> half_sweeps_of(std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  const bool half = name.ends_with(half_suffix);
  if (!half && !name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(half ? half_suffix.size() : suffix.size());
  Index epochs = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), epochs);
  constexpr Index most_epochs = std::numeric_limits<Index>::max() / 2 - 1;
  if (error != std::errc() || end != name.data() + name.size() || epochs < 0 || epochs > most_epochs) {
    return std::nullopt;
  }
  return 2 * epochs + (half ? 1 : 0);
}

/// Who runs here, for the next one who wants to.
std::string holder_text() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  std::string text = fmt::format("process {} on {}", getpid(), host.data());
  if (const char* const job = std::getenv("SLURM_JOB_ID")) text += fmt::format(", job {}", job);
  return text;
}

/// What a run that was killed while it wrote left in the folder, which is locked.
void remove_unfinished(const std::string& folder) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".epoch-") && name.ends_with(".partial")) fs::remove(entry.path(), ignored);
  }
}

}  // namespace

CheckpointDirectory::CheckpointDirectory(const Communicator& comm, std::string path)
    : comm_(comm), path_(std::move(path)) {
  agree_on(comm_, [&] {
    if (comm_.is_root()) lock_on_root();
  });
}

void CheckpointDirectory::lock_on_root() {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error || !fs::is_directory(path_)) {
    throw cannot_use(path_, error ? error.message() : "it is not a directory");
  }
  lock_ = FileDescriptor(open((fs::path(path_) / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!lock_.is_open()) throw cannot_use(path_, errno_text());
  // An open file description's lock: it holds across nodes where the file system has locks, and ends with the process.
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (fcntl(lock_.get(), F_OFD_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES) throw cannot_use(path_, errno_text());
    std::string holder(512, '\0');
    holder.resize(static_cast<std::size_t>(std::max<ssize_t>(0, pread(lock_.get(), holder.data(), holder.size(), 0))));
    std::ranges::replace_if(
        holder, [](unsigned char c) { return c < ' '; }, '?');  // whoever wrote it
    throw cannot_use(path_, fmt::format("{} runs here", holder.empty() ? "another process" : holder));
  }
  const std::string text = holder_text();
  if (ftruncate(lock_.get(), 0) != 0 ||
      pwrite(lock_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw cannot_use(path_, errno_text());
  }
  remove_unfinished(path_);
}

std::vector<std::string> CheckpointDirectory::newest_first_here() const {
  std::vector<std::pair<Index, std::string>> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    const std::string name = entry.path().filename().string();
    if (const auto half_sweeps = half_sweeps_of(name)) found.emplace_back(*half_sweeps, name);
  }
  if (error) throw Error(ExitCode::io_error, fmt::format("{}: {}", path_, error.message()));
  std::ranges::sort(found, std::greater());
  std::vector<std::string> names;
  for (auto& [half_sweeps, name] : found) names.push_back(std::move(name));
  return names;
}

std::vector<std::string> CheckpointDirectory::newest_first() const {
  std::string joined = agree_on(
      comm_, [&] { return comm_.is_root() ? fmt::format("{}", fmt::join(newest_first_here(), "\n")) : std::string(); });
  comm_.broadcast(joined);
  std::vector<std::string> paths;
  std::istringstream lines(joined);
  for (std::string name; std::getline(lines, name);) paths.push_back((fs::path(path_) / name).string());
  return paths;
}

std::string CheckpointDirectory::path_of(const TrainingProgress& progress) const {
  const std::string name = fmt::format("{}{:06}{}", prefix, progress.history.size(),
                                       progress.solved == SolvedSide::users ? half_suffix : suffix);
  return (fs::path(path_) / name).string();
}

void CheckpointDirectory::note_newest(const std::string& checkpoint, Index keep) const {
  const std::string name = fs::path(checkpoint).filename().string();
  replace_file((fs::path(path_) / "newest").string(), name + "\n");
  const std::vector<std::string> all = newest_first_here();
  std::error_code ignored;  // what cannot be removed is only in the way
  const auto last = std::ranges::find(all, name);
  for (auto other = all.begin(); other != all.end(); ++other) {
    if (other < last || other - last >= keep) fs::remove(fs::path(path_) / *other, ignored);
  }
}

bool CheckpointDirectory::take_stop_request() {
  bool asked = false;
  if (comm_.is_root()) {
    std::error_code ignored;
    asked = fs::remove(fs::path(path_) / "stop", ignored);
  }
  return comm_.max(Index{asked}) != 0;
}

}  // namespace rankwise
