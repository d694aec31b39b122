#pragma once
// Files in the making: their temporary names, whose writers can be told to be alive or dead, on whatever host.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/files/removed_on_signal.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/types.hpp"
#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

/// "PATH: cannot create: REASON".
[[nodiscard]] Error cannot_create(const std::string& path, const std::string& reason);

/// A new file beside its target, `.NAME.PID-N.partial` with the target's name (its first 200 bytes). The writer has it
/// locked as long as this lives; the system lets go of the lock when the process ends in whatever way. Where the file
/// system refuses locks it is `.NAME.PID-N-unlocked.partial`. It is removed when this dies, or a signal ends the
/// process (RemovedOnSignal), before move_to(). For one process, without MPI.
class UnfinishedFile {
 public:
  /// Creates it, empty, its mode by the umask, and removes what writers of the same target that are dead left. `path`
  /// is what the user calls the target; for messages. Throws Error(cannot_create).
  UnfinishedFile(const std::string& path, const std::string& target);
  ~UnfinishedFile();
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Renames it to `target`, of the same folder, and lets go of the lock; false, with errno, where that did not go.
  [[nodiscard]] bool move_to(const std::string& target);

 private:
  std::string path_;
  FileDescriptor file_;
  std::unique_ptr<RemovedOnSignal> removal_;
};

/// Removes the files of the folder whose target's name is meant and whose writer had them locked and is dead. What
/// cannot be opened or locked stays.
void remove_leftovers(const std::string& folder, const std::function<bool(const std::string& target)>& is_meant);

enum class WriterState { alive, dead, unknown };

/// An unfinished file that was found.
struct FoundUnfinished {
  std::string path;
  std::string target;  ///< the target's name, or its first 200 bytes
  Index bytes = 0;
  double seconds_since_write = 0;
  WriterState writer = WriterState::unknown;
};

/// Those of the folder itself, by name. Throws Error(no_input) where the folder cannot be read.
[[nodiscard]] std::vector<FoundUnfinished> unfinished_files(const std::string& folder);

}  // namespace rankwise
