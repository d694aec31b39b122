#pragma once
// When a training of factors writes checkpoints, when it stops, and where it goes on.

#include <chrono>
#include <optional>
#include <string>

#include "distributed/als_side.hpp"
#include "io/checkpoint.hpp"
#include "jobs/run_checkpoints.hpp"

namespace rankwise {

/// The checkpoints of one training. Every member is collective over the job's ranks.
class Checkpointing {
 public:
  /// Locks the directory and begins to listen to signals, where checkpoints are wanted; --max-time counts from `begin`.
  /// Throws AgreedError(cannot_create).
  Checkpointing(const CheckpointOptions& options, JobContext& context, std::uint64_t dataset_digest,
                std::chrono::steady_clock::time_point begin);

  /// The newest checkpoint that can be read, if there is one and --resume allows it; damaged ones are told and passed
  /// by. Throws AgreedError(bad_data) for one of another training, naming what differs.
  [[nodiscard]] std::optional<Checkpoint> resume(const Partition& users, const Partition& items, Index width,
                                                 Index epochs);

  /// Between half-sweeps, the last of which took `seconds` and the next of which solves `next`: writes a checkpoint
  /// where one is due or asked for. Where the run is to stop it finishes the report and throws
  /// AgreedError(stopped_early), which says why and how to go on. What is on its way to `next` is complete whenever
  /// this throws.
  void pause(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items, double seconds,
             AlsSide& next);

 private:
  [[nodiscard]] bool stops_after(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items,
                                 double seconds);
  [[nodiscard]] std::string path_of(const TrainingProgress& progress) const;
  void write(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items);

  JobContext& context_;
  RunCheckpoints checkpoints_;
  double longest_half_sweep_seconds_ = 0;
};

}  // namespace rankwise
