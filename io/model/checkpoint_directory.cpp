#include "io/model/checkpoint_directory.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <sstream>
#include <system_error>

#include "io/files/unfinished_file.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".h5";

Error cannot_use(const std::string& path, const std::string& reason) {
  return {ExitCode::cannot_create, fmt::format("{}: cannot hold checkpoints: {}", path, reason)};
}

}  // namespace

CheckpointDirectory::CheckpointDirectory(const Communicator& comm, std::string path, std::string prefix,
                                         Locking locking, std::vector<std::string> more)
    : comm_(comm), path_(std::move(path)), prefix_(std::move(prefix)), more_(std::move(more)) {
  more_.emplace_back();
  agree_on(comm_, [&] {
    if (comm_.is_root()) lock_on_root(locking);
  });
}

void CheckpointDirectory::lock_on_root(Locking locking) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error || !fs::is_directory(path_)) {
    throw cannot_use(path_, error ? error.message() : "it is not a directory");
  }
  lock_.emplace(path_, "hold checkpoints", locking);
  lock_fault_ = lock_->fault();
  // What a run that was killed while it wrote left.
  remove_leftovers(path_, [this](const std::string& name) { return place_of(name).has_value(); });
}

std::string CheckpointDirectory::name_of(const Place& place) const {
  const auto& [number, more] = place;
  return fmt::format("{}-{:06}{}{}{}", prefix_, number, more.empty() ? "" : "-", more, suffix);
}

/// Nothing for a file that a run would not name so.
std::optional<CheckpointDirectory::Place> CheckpointDirectory::place_of(const std::string& name) const {
  if (!name.starts_with(prefix_ + "-")) return std::nullopt;
  Place place;
  std::string_view rest = std::string_view(name).substr(prefix_.size() + 1);
  const auto number = take_whole_number<Index>(rest);
  if (!number || *number < 0) return std::nullopt;
  place.first = *number;
  for (const std::string& more : more_) {
    place.second = more;
    if (name_of(place) == name) return place;
  }
  return std::nullopt;
}

std::vector<std::string> CheckpointDirectory::newest_first_here() const {
  std::vector<std::pair<Place, std::string>> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    const std::string name = entry.path().filename().string();
    if (auto place = place_of(name)) found.emplace_back(std::move(*place), name);
  }
  if (error) throw Error(ExitCode::io_error, fmt::format("{}: {}", path_, error.message()));
  std::ranges::sort(found, std::greater());
  std::vector<std::string> names;
  for (auto& [place, name] : found) names.push_back(std::move(name));
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

std::string CheckpointDirectory::path_of(Index number, std::string_view more) const {
  return (fs::path(path_) / name_of({number, std::string(more)})).string();
}

void CheckpointDirectory::note_newest(const std::string& checkpoint, Index keep, std::span<const Index> needed) const {
  const std::string name = fs::path(checkpoint).filename().string();
  replace_file((fs::path(path_) / "newest").string(), name + "\n");
  const std::vector<std::string> all = newest_first_here();
  const auto first = std::ranges::find(all, name);
  const auto end = all.end() - first > keep ? first + keep : all.end();
  std::vector<std::string> kept(first, end);
  for (auto one = first; one != end; ++one) {
    const auto number = static_cast<std::size_t>(place_of(*one)->first);
    if (number < needed.size() && needed[number] > 0) kept.push_back(fs::path(path_of(needed[number])).filename());
  }
  std::error_code ignored;  // what cannot be removed is only in the way
  for (const std::string& other : all) {
    if (std::ranges::find(kept, other) == kept.end()) fs::remove(fs::path(path_) / other, ignored);
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
