#pragma once
// One process at a time works in a folder.

#include <string>

#include "io/commit.hpp"

namespace rankwise {

/// Locks FOLDER/lock as long as it lives; the system lets go of the lock when the process ends in whatever way, so no
/// lock is ever stale. Where the file system has locks, it holds across nodes.
class FolderLock {
 public:
  /// Throws Error(cannot_create): "FOLDER: cannot PURPOSE: ", and who holds the lock where another process does.
  FolderLock(const std::string& folder, const std::string& purpose);

 private:
  FileDescriptor file_;
};

/// Whether some process holds the lock of the folder now.
[[nodiscard]] bool is_locked(const std::string& folder);

}  // namespace rankwise
