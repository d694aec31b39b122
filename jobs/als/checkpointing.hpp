#pragma once
// When a training of factors writes checkpoints, when it stops, and where it goes on.

#include <chrono>
#include <exception>
#include <optional>
#include <string>

#include "distributed/als/half_sweep.hpp"
#include "distributed/als/training.hpp"
#include "io/model/checkpoint.hpp"
#include "jobs/als/validation.hpp"
#include "jobs/checkpoint/run_checkpoints.hpp"

namespace rankwise {

/// Adds the option that says whether a training waits for its checkpoints; `options` outlives it.
void describe_checkpoint_writing(boost::program_options::options_description& description,
                                 const std::shared_ptr<CheckpointOptions>& options);

/// How checkpoints are written where a copy takes `copy_bytes` of this rank's `budget_bytes` (0: no budget): behind
/// the computation, unless that leaves the computation itself too little. Never automatic. Collective over comm.
[[nodiscard]] CheckpointWriting choose_writing(const CheckpointOptions& options, const Communicator& comm,
                                               Index copy_bytes, Index budget_bytes);

/// The checkpoints of one training: its state between two half-sweeps. Every member is collective over the job's ranks.
class Checkpointing {
 public:
  /// Claims the folder of a training; as CheckpointClaim.
  [[nodiscard]] static CheckpointClaim claim(const CheckpointOptions& options, JobContext& context,
                                             std::chrono::steady_clock::time_point begin);

  /// Where epochs are compared, the best one by `validation` has a checkpoint that is kept.
  Checkpointing(const CheckpointOptions& options, CheckpointWriting writing, JobContext& context, CheckpointClaim claim,
                const Provenance& provenance, std::optional<EvaluationMetric> validation);

  /// The newest checkpoint that can be read, if there is one and --resume allows it; damaged ones are told and passed
  /// by, and so are those whose best epoch's checkpoint is not to be had. Throws AgreedError(bad_data) for one of
  /// another training, naming what differs.
  [[nodiscard]] std::optional<Checkpoint> resume(const Partition& users, const Partition& items, Index width,
                                                 Index epochs);

  /// Before the first half-sweep: what a stop within it goes back to.
  void begin(const AlsTraining& training);

  /// Between half-sweeps, the last of which took `seconds`: begins to write a checkpoint where one is due or asked for,
  /// the one before being finished. Where the run is to stop it finishes the report and throws
  /// AgreedError(stopped_early), which says why and how to go on.
  void pause(const AlsTraining& training, double seconds);

  /// For the half-sweeps between: they let a checkpoint on its way move, and may have to stop.
  [[nodiscard]] SweepHooks hooks();
  /// After a half-sweep that hooks() stopped: as pause() where the run is to stop, or throws what kept a checkpoint
  /// from being written.
  [[noreturn]] void stop();

  /// Waits until what is being written is in its place. Throws AgreedError (cannot_create, io_error).
  void finish() { checkpoints_.finish(); }
  /// The same where the run ends for another reason, which is the one to be told.
  void settle();

  /// The factors of the best epoch from its checkpoint, which is compared with its digests. Throws AgreedError.
  [[nodiscard]] FactorPair read_best(Index epoch, const Partition& users, const Partition& items, Index width);

 private:
  /// What a checkpoint holds.
  struct State {
    TrainingProgress progress;
    FactorRows users;
    FactorRows items;
    bool is_written = false;
  };
  void keep_state(const AlsTraining& training, CheckpointWriting writing);
  [[nodiscard]] bool goes_on();
  [[nodiscard]] bool is_due(const TrainingProgress& progress) const;
  [[nodiscard]] std::vector<Index> best_epochs_of(const TrainingProgress& progress) const;
  void secure_best(const std::string& path, const Checkpoint& checkpoint, const Partition& users,
                   const Partition& items, Index width);
  void start_writing();

  JobContext& context_;
  RunCheckpoints checkpoints_;
  CheckpointWriting writing_;
  int deflate_level_;
  std::optional<EvaluationMetric> validation_;
  std::exception_ptr failure_;  ///< of a checkpoint that was begun within a half-sweep
  std::optional<State> state_;  ///< of the last boundary, where a half-sweep may have to go back to it
  Matrix copy_;                 ///< of the rows in it that are being solved anew
  std::string path_;            ///< of the last checkpoint begun or resumed from
  std::chrono::steady_clock::time_point last_batch_;
  double longest_batch_seconds_ = 0;
  double longest_half_sweep_seconds_ = 0;
};

}  // namespace rankwise
