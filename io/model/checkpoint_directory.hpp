#pragma once
// A run's folder of checkpoints: one run at a time, the last ones kept, and what a killed run left cleared away.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/files/folder_lock.hpp"

namespace rankwise {

/// Checkpoints are files PREFIX-NNNNNN.h5, or PREFIX-NNNNNN-MORE.h5 with one of the words `more`, which is later; files
/// of other names are somebody else's. `newest` names the last one, `lock` tells who runs here, and a file `stop` asks
/// a run to stop. Every member but note_newest() is collective over comm.
class CheckpointDirectory {
 public:
  /// Makes the folder where it is missing and locks it until the end: the system lets go of the lock when the process
  /// ends in whatever way, so no lock is ever stale. Throws AgreedError(cannot_create), naming who runs here where
  /// another run does.
  CheckpointDirectory(const Communicator& comm, std::string path, std::string prefix, Locking locking,
                      std::vector<std::string> more = {});

  /// As FolderLock::fault(); on the root.
  [[nodiscard]] const std::string& lock_fault() const { return lock_fault_; }

  /// Checkpoints, newest first.
  [[nodiscard]] std::vector<std::string> newest_first() const;
  /// Of a checkpoint by its number and, where there is more to say, one of the words for it.
  [[nodiscard]] std::string path_of(Index number, std::string_view more = {}) const;
  /// Notes a checkpoint that has been committed as the newest, and removes all others but the `keep` - 1 before it
  /// (keep >= 1) and those that a kept one needs: needed[n] is the number of the one that checkpoint n needs, 0 where
  /// it needs none. Later ones are damaged, or of a training that has been begun anew.
  /// For the root alone, and without MPI. Throws Error (cannot_create, io_error).
  void note_newest(const std::string& checkpoint, Index keep, std::span<const Index> needed = {}) const;
  /// Whether someone asks the run to stop; the request is taken away.
  [[nodiscard]] bool take_stop_request();

 private:
  using Place = std::pair<Index, std::string>;  ///< number and word, by which checkpoints are in order
  void lock_on_root(Locking locking);
  [[nodiscard]] std::string name_of(const Place& place) const;
  [[nodiscard]] std::optional<Place> place_of(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> newest_first_here() const;
  const Communicator& comm_;
  std::string path_;
  std::string prefix_;
  std::vector<std::string> more_;
  std::optional<FolderLock> lock_;  ///< the root's
  std::string lock_fault_;
};

}  // namespace rankwise
