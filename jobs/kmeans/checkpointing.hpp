#pragma once
// When a run that finds clusters writes checkpoints, when it stops, and where it goes on.

#include <array>
#include <chrono>

#include "distributed/kmeans/points.hpp"
#include "io/clustering/kmeans_checkpoint.hpp"
#include "jobs/checkpoint/run_checkpoints.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// What a run does next: one more iteration or mini-batch, or the end of a training and the seeds of another.
enum class NextStep { iteration, training };

/// The checkpoints of one run. Every member is collective over the job's ranks.
class KMeansCheckpointing {
 public:
  /// Claims the folder of a run; as CheckpointClaim.
  [[nodiscard]] static CheckpointClaim claim(const CheckpointOptions& options, JobContext& context,
                                             std::chrono::steady_clock::time_point begin);

  /// As RunCheckpoints, for a run over `points` that begins at `given_centroids`, where there are any.
  KMeansCheckpointing(const CheckpointOptions& options, JobContext& context, CheckpointClaim claim,
                      const Points& points, const Matrix& given_centroids);

  /// Where the newest checkpoint that can be read stands, or the very beginning. Throws AgreedError(bad_data) for one
  /// of another run, naming what differs.
  [[nodiscard]] KMeansProgress resume();

  /// After a step, which it counts, and before the next: writes a checkpoint where one is due or asked for, and always
  /// where a training has got its seeds, unless only the clock was to tell. Where the run is to stop it throws
  /// AgreedError(stopped_early), the report being finished.
  void pause(KMeansProgress& progress, NextStep next);

 private:
  JobContext& context_;
  Index dimensions_;
  int deflate_level_;
  bool seeds_are_due_;
  RunCheckpoints checkpoints_;
  NextStep step_ = NextStep::training;  ///< that is under way
  std::chrono::steady_clock::time_point step_begin_;
  std::array<double, 2> longest_seconds_{};  ///< by NextStep
};

}  // namespace rankwise
