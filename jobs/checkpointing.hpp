#pragma once
// When a training writes checkpoints, when it stops, and where it goes on.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "distributed/als.hpp"
#include "io/checkpoint_directory.hpp"
#include "jobs/job.hpp"
#include "jobs/stop_requests.hpp"

namespace rankwise {

/// Whether a run goes on while its checkpoint is written, from a copy of the factors that change meanwhile.
enum class CheckpointWriting { automatic, behind, waiting };

struct CheckpointOptions {
  std::string directory;  ///< empty: no checkpoints
  std::optional<Index> every_epochs;
  std::optional<double> interval_seconds;
  std::string resume = "auto";  ///< or "never", or a file
  std::optional<double> most_seconds;
  std::optional<Index> keep;
  CheckpointWriting writing = CheckpointWriting::automatic;
};

/// Adds the options; `options` outlives them.
void describe_checkpoints(boost::program_options::options_description& description,
                          const std::shared_ptr<CheckpointOptions>& options);

/// Throws AgreedError(usage) where an option would be silently without effect.
void require_sense(const CheckpointOptions& options);

/// How checkpoints are written where a copy takes `copy_bytes` of this rank's `budget_bytes` (0: no budget): behind
/// the computation, unless that leaves the computation itself too little. Never automatic. Collective over comm.
[[nodiscard]] CheckpointWriting choose_writing(const CheckpointOptions& options, const Communicator& comm,
                                               Index copy_bytes, Index budget_bytes);

/// The checkpoints of one training: state between two half-sweeps. Every member is collective over the job's ranks.
class Checkpointing {
 public:
  /// Locks the directory and begins to listen to signals, where checkpoints are wanted; --max-time counts from `begin`.
  /// Throws AgreedError(cannot_create).
  Checkpointing(const CheckpointOptions& options, CheckpointWriting writing, JobContext& context,
                std::uint64_t dataset_digest, std::chrono::steady_clock::time_point begin);

  /// The newest checkpoint that can be read, if there is one and --resume allows it; damaged ones are told and passed
  /// by. Throws AgreedError(bad_data) for one of another training, naming what differs.
  [[nodiscard]] std::optional<Checkpoint> resume(const Partition& users, const Partition& items, Index width,
                                                 Index epochs);

  /// Before the first half-sweep, of `next`: what a stop within it goes back to.
  void begin(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items,
             const AlsSide& next);

  /// Between half-sweeps, the last of which took `seconds` and the next of which solves `next`: begins to write a
  /// checkpoint where one is due or asked for, the one before being finished. Where the run is to stop it finishes the
  /// report and throws AgreedError(stopped_early), which says why and how to go on. What is on its way to `next` is
  /// complete whenever this throws.
  void pause(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items, double seconds,
             AlsSide& next);

  /// For the half-sweeps between: they let a checkpoint on its way move, and may have to stop.
  [[nodiscard]] SweepHooks hooks();
  /// After a half-sweep that hooks() stopped: as pause() where the run is to stop.
  [[noreturn]] void stop();

  /// Waits until what is being written is in its place. Throws AgreedError (cannot_create, io_error).
  void finish();
  /// The same where the run ends for another reason, which is the one to be told.
  void settle();

 private:
  /// What a checkpoint holds.
  struct State {
    TrainingProgress progress;
    FactorRows users;
    FactorRows items;
    bool is_written = false;
  };
  void keep_state(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items,
                  CheckpointWriting writing);
  [[nodiscard]] StopRequest asked(double next_seconds);
  [[nodiscard]] bool goes_on();
  void start_writing();
  [[nodiscard]] bool is_due(const TrainingProgress& progress) const;
  void require_same_training(const std::string& path, const Provenance& found) const;

  const CheckpointOptions& options_;
  CheckpointWriting writing_;
  JobContext& context_;
  Provenance provenance_;
  std::unique_ptr<CheckpointDirectory> directory_;
  std::unique_ptr<StopRequests> requests_;
  std::optional<State> state_;              ///< of the last boundary, where a half-sweep may have to go back to it
  Matrix copy_;                             ///< of the rows in it that are being solved anew
  std::optional<Communicator> background_;  ///< the same ranks, for what is written
  std::unique_ptr<WriteBehind> being_written_;
  std::string path_;  ///< of the last checkpoint begun or resumed from
  std::chrono::steady_clock::time_point last_write_;
  std::chrono::steady_clock::time_point last_batch_;
  double longest_batch_seconds_ = 0;
  double longest_half_sweep_seconds_ = 0;
  double longest_write_seconds_ = 0;
  std::string stop_reason_;
};

}  // namespace rankwise
