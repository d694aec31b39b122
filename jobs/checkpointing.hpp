#pragma once
// When a training writes checkpoints, when it stops, and where it goes on.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "distributed/als_side.hpp"
#include "io/checkpoint_directory.hpp"
#include "jobs/job.hpp"
#include "jobs/stop_requests.hpp"
#include "jobs/validation.hpp"

namespace rankwise {

struct CheckpointOptions {
  std::string directory;  ///< empty: no checkpoints
  std::optional<Index> every_epochs;
  std::optional<double> interval_seconds;
  std::string resume = "auto";  ///< or "never", or a file
  std::optional<double> most_seconds;
  std::optional<Index> keep;
};

/// Adds the options; `options` outlives them.
void describe_checkpoints(boost::program_options::options_description& description,
                          const std::shared_ptr<CheckpointOptions>& options);

/// Throws AgreedError(usage) where an option would be silently without effect.
void require_sense(const CheckpointOptions& options);

/// The checkpoints of one training. Every member is collective over the job's ranks.
class Checkpointing {
 public:
  /// Locks the directory and begins to listen to signals, where checkpoints are wanted; --max-time counts from `begin`.
  /// Where epochs are compared, the best one by `validation` has a checkpoint that is kept. Throws
  /// AgreedError(cannot_create).
  Checkpointing(const CheckpointOptions& options, JobContext& context, const Provenance& provenance,
                std::chrono::steady_clock::time_point begin, std::optional<EvaluationMetric> validation);

  /// The newest checkpoint that can be read, if there is one and --resume allows it; damaged ones are told and passed
  /// by, and so are those whose best epoch's checkpoint is not to be had. Throws AgreedError(bad_data) for one of
  /// another training, naming what differs.
  [[nodiscard]] std::optional<Checkpoint> resume(const Partition& users, const Partition& items, Index width,
                                                 Index epochs);

  /// Between half-sweeps, the last of which took `seconds` and the next of which solves `next`: writes a checkpoint
  /// where one is due or asked for. Where the run is to stop it finishes the report and throws
  /// AgreedError(stopped_early), which says why and how to go on. What is on its way to `next` is complete whenever
  /// this throws.
  void pause(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items, double seconds,
             AlsSide& next);

  /// The factors of the best epoch from its checkpoint, which is compared with its digests. Throws AgreedError.
  [[nodiscard]] FactorPair read_best(Index epoch, const Partition& users, const Partition& items, Index width) const;

 private:
  [[nodiscard]] std::vector<Index> best_epochs_of(const TrainingProgress& progress) const;
  void secure_best(const std::string& path, const Checkpoint& checkpoint, const Partition& users,
                   const Partition& items, Index width);
  [[nodiscard]] bool stops_after(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items,
                                 double seconds);
  void write(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items);
  [[nodiscard]] bool is_due(const TrainingProgress& progress) const;
  void require_same_training(const std::string& path, const Provenance& found) const;

  const CheckpointOptions& options_;
  JobContext& context_;
  Provenance provenance_;
  std::optional<EvaluationMetric> validation_;
  std::unique_ptr<CheckpointDirectory> directory_;
  std::unique_ptr<StopRequests> requests_;
  std::chrono::steady_clock::time_point last_write_;
  double longest_half_sweep_seconds_ = 0;
  double longest_write_seconds_ = 0;
  std::string stop_reason_;
};

}  // namespace rankwise
