#pragma once
// What checkpoints of all jobs have in common: their folder, who asks for them and when they are due, which one is
// intact, and which are of another run.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/files/write_behind.hpp"
#include "io/model/checkpoint_directory.hpp"
#include "jobs/checkpoint/checkpoint_options.hpp"
#include "jobs/run/job.hpp"
#include "jobs/run/stop_requests.hpp"

namespace rankwise {

/// A job's checkpoints.
struct CheckpointKind {
  std::string kind;                    ///< of the file
  std::string prefix;                  ///< of its name
  std::string growing_option;          ///< the option of which more is the same run; empty: there is none
  std::vector<std::string> more = {};  ///< words that may follow the number in its name
};

/// What a run has of its checkpoints before it reads anything, which may take long: the folder is locked, so that a
/// second run is refused at once, and signals are noted until there is something to write.
class CheckpointClaim {
 public:
  /// Where checkpoints are wanted; else signals act as on any program. --max-time counts from `begin`. Throws
  /// AgreedError(cannot_create). Collective over the job's ranks.
  CheckpointClaim(const CheckpointOptions& options, JobContext& context, CheckpointKind kind,
                  std::chrono::steady_clock::time_point begin);

 private:
  friend class RunCheckpoints;
  CheckpointKind kind_;
  std::unique_ptr<CheckpointDirectory> directory_;
  std::unique_ptr<StopRequests> requests_;
};

/// The checkpoints of one run. Every member is collective over the job's ranks.
class RunCheckpoints {
 public:
  RunCheckpoints(const CheckpointOptions& options, JobContext& context, CheckpointClaim claim, Provenance provenance);

  [[nodiscard]] bool are_wanted() const { return directory_ != nullptr; }

  /// Reads the newest checkpoint that is intact, if there is one and --resume allows it, and returns its path; damaged
  /// ones, for which `read` may throw DamagedCheckpoint too, are told and passed by. Throws AgreedError(bad_data) for
  /// one of another run, naming what differs.
  [[nodiscard]] std::optional<std::string> resume(const std::function<void(const std::string& path)>& read) const;

  /// Throws DamagedCheckpoint, or AgreedError (bad_data for one of another run, no_input).
  void require_intact(const std::string& path) const;
  [[nodiscard]] const Provenance& provenance() const { return provenance_; }

  /// What signals, the clock or a stop file ask for, where the next occasion comes in `next_seconds`, which leaves time
  /// to write a checkpoint then.
  [[nodiscard]] StopRequest requested(double next_seconds);
  /// Why requested() said stop.
  [[nodiscard]] const std::string& stop_reason() const { return stop_reason_; }

  /// Whether --checkpoint-every or --checkpoint-interval ask for one after so many epochs or iterations.
  [[nodiscard]] bool is_due(Index steps) const;

  [[nodiscard]] std::string path_of(Index number, std::string_view more = {}) const {
    return directory_->path_of(number, more);
  }
  /// Calls `write`, which commits a checkpoint under `path`, and makes it the newest. `progress` is what the event of
  /// it tells beside.
  void write(const std::string& path, const Field& progress,
             const std::function<void(const std::string& path, const Provenance& provenance)>& write);

  /// The same for a checkpoint that is written while the run goes on: `start` only begins to write it, and has `then`
  /// called on the root at its end (WriteBehind). One at a time. `needed`: see CheckpointDirectory::note_newest.
  using StartWriting =
      std::function<std::unique_ptr<WriteBehind>(const Communicator& background, const std::string& path,
                                                 const Provenance& provenance, std::function<void()> then)>;
  void start_writing(const std::string& path, const Field& progress, const StartWriting& start,
                     std::vector<Index> needed = {});
  /// Lets it move; never waits. For the thread that calls MPI.
  void progress();
  /// Waits until it is in its place, where there is one. Throws AgreedError (cannot_create, io_error).
  void finish();

  /// Ends the run: finishes the report and throws AgreedError(stopped_early), which says why and how to go on.
  [[noreturn]] void stop(const std::string& path, const std::string& reached);

 private:
  void note_written(const std::string& path, const Field& progress, double seconds);
  void require_same_run(const std::string& path, const Provenance& found) const;

  const CheckpointOptions& options_;
  JobContext& context_;
  CheckpointKind kind_;
  Provenance provenance_;
  std::unique_ptr<CheckpointDirectory> directory_;
  std::unique_ptr<StopRequests> requests_;
  /// A checkpoint on its way.
  struct Writing {
    std::string path;
    Field progress;
    std::unique_ptr<WriteBehind> file;
  };
  std::optional<Communicator> background_;  ///< the same ranks, for what is on its way
  std::optional<Writing> writing_;
  std::chrono::steady_clock::time_point last_write_;
  double longest_write_seconds_ = 0;
  std::string stop_reason_;
};

}  // namespace rankwise
