#pragma once
// One process at a time works in a folder.

#include <string>

#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

/// Whether a folder is locked: where its file system has locks, or not at all.
enum class Locking { automatic, off };

/// Locks FOLDER/lock as long as it lives; the system lets go of the lock when the process ends in whatever way, so no
/// lock is ever stale. Where the file system has locks, it holds across nodes.
class FolderLock {
 public:
  /// Throws Error(cannot_create): "FOLDER: cannot PURPOSE: ", and who holds the lock where another process does.
  /// Locking::off touches nothing.
  FolderLock(const std::string& folder, const std::string& purpose, Locking locking);

  /// Why the folder is not locked if its file system has no locks; else empty.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  FileDescriptor file_;
  std::string fault_;
};

/// Whether some process holds the lock of the folder now; unknown: its file system has no locks.
enum class LockHolder { none, some, unknown };
[[nodiscard]] LockHolder lock_holder(const std::string& folder);

}  // namespace rankwise
