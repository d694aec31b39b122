#include "io/checkpoint_directory.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <system_error>

namespace rankwise {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "epoch-";
constexpr std::string_view half_suffix = "-half.h5";
constexpr std::string_view suffix = ".h5";

Error cannot_use(const std::string& path, const std::string& reason) {
  return {ExitCode::cannot_create, fmt::format("{}: cannot hold checkpoints: {}", path, reason)};
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
  if (error != std::errc() || end != name.data() + name.size() || epochs < 0 || name.empty()) return std::nullopt;
  return 2 * epochs + (half ? 1 : 0);
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
  lock_.emplace(path_, "hold checkpoints");
  remove_unfinished(path_);
}

std::vector<std::string> CheckpointDirectory::newest_first() const {
  std::string joined = agree_on(comm_, [&] {
    if (!comm_.is_root()) return std::string();
    std::vector<std::pair<Index, std::string>> found;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
      const std::string name = entry.path().filename().string();
      if (const auto half_sweeps = half_sweeps_of(name)) found.emplace_back(*half_sweeps, name);
    }
    if (error) throw Error(ExitCode::io_error, fmt::format("{}: {}", path_, error.message()));
    std::ranges::sort(found, std::greater());
    std::string names;
    for (const auto& [half_sweeps, name] : found) names += name + '\n';
    return names;
  });
  comm_.broadcast(joined);
  std::vector<std::string> paths;
  for (auto begin = joined.begin(); begin != joined.end();) {
    const auto end = std::find(begin, joined.end(), '\n');
    paths.push_back((fs::path(path_) / std::string(begin, end)).string());
    begin = end + 1;
  }
  return paths;
}

std::string CheckpointDirectory::path_of(const TrainingProgress& progress) const {
  const std::string name = fmt::format("{}{:06}{}", prefix, progress.history.size(),
                                       progress.solved == SolvedSide::users ? half_suffix : suffix);
  return (fs::path(path_) / name).string();
}

std::string CheckpointDirectory::path_of_epoch(Index epochs) const {
  return (fs::path(path_) / fmt::format("{}{:06}{}", prefix, epochs, suffix)).string();
}

void CheckpointDirectory::note_newest(const std::string& checkpoint, Index keep, std::span<const Index> best_epochs) {
  const std::string name = fs::path(checkpoint).filename().string();
  write_text_in_rank_order(comm_, (fs::path(path_) / "newest").string(), comm_.is_root() ? name + "\n" : "");
  const std::vector<std::string> all = newest_first();
  if (!comm_.is_root()) return;
  std::error_code ignored;  // what cannot be removed is only in the way
  const auto last = std::ranges::find(all, checkpoint);
  const auto end = all.end() - last > keep ? last + keep : all.end();
  std::vector<std::string> bests;
  for (auto kept = last; kept < end; ++kept) {
    const auto epochs = static_cast<std::size_t>(*half_sweeps_of(fs::path(*kept).filename().string()) / 2);
    if (epochs < best_epochs.size() && best_epochs[epochs] > 0) bests.push_back(path_of_epoch(best_epochs[epochs]));
  }
  for (auto other = all.begin(); other != all.end(); ++other) {
    const bool is_kept = last <= other && other < end;
    if (!is_kept && std::ranges::find(bests, *other) == bests.end()) fs::remove(*other, ignored);
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
