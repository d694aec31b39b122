// A folder of checkpoints: what others may have written into `lock` (the first line), and names of files (the others).

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "io/model/checkpoint_directory.hpp"
#include "tests/fuzz/harness.hpp"

namespace {

using namespace rankwise;
namespace fs = std::filesystem;

/// Empty, and gone at its end.
class Folder {
 public:
  Folder() : place_(fuzz::InputFile("").path() + ".folder") { fs::create_directory(place_); }
  ~Folder() { fs::remove_all(place_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const fs::path& place() const { return place_; }

 private:
  fs::path place_;
};

bool is_file_name(const std::string& text) {
  constexpr std::size_t most_bytes = 200;
  return !text.empty() && text.size() <= most_bytes && text != "." && text != ".." && text != "lock" &&
         text.find_first_of(std::string("/\0", 2)) == std::string::npos;
}

/// A second run is told who runs here, in one line.
void require_locked(const std::string& folder) {
  try {
    const CheckpointDirectory second(fuzz::single_rank(), folder, "epoch", Locking::automatic);
  } catch (const Error& error) {
    fuzz::require(error.code() == ExitCode::cannot_create, "a locked folder cannot be used");
    for (const char c : std::string_view(error.what())) {
      fuzz::require(static_cast<unsigned char>(c) >= ' ', "who runs here is told in one line");
    }
    return;
  }
  fuzz::require(false, "one run at a time");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream lines{std::string(fuzz::text_of(data, size))};
  std::string holder;
  std::getline(lines, holder);
  const Folder folder;
  std::set<std::string> names;
  for (std::string line; names.size() < 16 && std::getline(lines, line);) {
    if (is_file_name(line) && names.insert(line).second) std::ofstream(folder.place() / line);
  }

  CheckpointDirectory directory(fuzz::single_rank(), folder.place().string(), "epoch", Locking::automatic, {"half"});
  std::ofstream(folder.place() / "lock", std::ios::binary) << holder;
  require_locked(folder.place().string());
  const std::vector<std::string> found = directory.newest_first();
  for (const std::string& path : found) fuzz::require(names.contains(fs::path(path).filename()), "checkpoints exist");
  static_cast<void>(directory.take_stop_request());
  fuzz::require(!fs::exists(folder.place() / "stop"), "a request to stop is taken away");

  // Only the newest stays, and all that are no checkpoints.
  if (!found.empty()) {
    directory.note_newest(found.back(), 1);
    fuzz::require(directory.newest_first() == std::vector{found.back()}, "one checkpoint is kept");
    std::ifstream newest(folder.place() / "newest");
    std::string name;
    std::getline(newest, name);
    fuzz::require(name == fs::path(found.back()).filename(), "newest names it");
  }
  return 0;
}
