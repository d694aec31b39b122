#pragma once
// A run's folder of checkpoints: one run at a time, the last ones kept, and what a killed run left cleared away.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/communicator.hpp"
#include "io/checkpoint.hpp"
#include "io/folder_lock.hpp"

namespace rankwise {

/// Files are epoch-NNNNNN.h5 after so many epochs, epoch-NNNNNN-half.h5 half an epoch later; `newest` names the last
/// one, `lock` tells who runs here, and a file `stop` asks a run to stop. Every member is collective over comm.
class CheckpointDirectory {
 public:
  /// Makes the folder where it is missing and locks it until the end: the system lets go of the lock when the process
  /// ends in whatever way, so no lock is ever stale. Throws AgreedError(cannot_create), naming who runs here where
  /// another run does.
  CheckpointDirectory(const Communicator& comm, std::string path);

  /// Checkpoints, newest first.
  [[nodiscard]] std::vector<std::string> newest_first() const;
  [[nodiscard]] std::string path_of(const TrainingProgress& progress) const;
  /// After so many epochs.
  [[nodiscard]] std::string path_of_epoch(Index epochs) const;
  /// Notes a checkpoint that has been committed as the newest, and removes all others but the `keep` - 1 before it
  /// (keep >= 1) and the best of each that is kept: best_epochs[e] is the best epoch of the first e, 0 where there is
  /// none. Later ones are damaged, or of a training that has been begun anew.
  /// Throws AgreedError (cannot_create, io_error).
  void note_newest(const std::string& checkpoint, Index keep, std::span<const Index> best_epochs = {});
  /// Whether someone asks the run to stop; the request is taken away.
  [[nodiscard]] bool take_stop_request();

 private:
  void lock_on_root();
  const Communicator& comm_;
  std::string path_;
  std::optional<FolderLock> lock_;  ///< the root's
};

}  // namespace rankwise
