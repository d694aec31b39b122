#pragma once
// From points to clusters: seeds, iterations, restarts.

#include "distributed/kmeans/lloyd.hpp"
#include "distributed/kmeans/points.hpp"
#include "io/clustering/kmeans_checkpoint.hpp"
#include "jobs/kmeans/checkpointing.hpp"
#include "jobs/kmeans/kmeans_settings.hpp"
#include "kernels/base/philox.hpp"

namespace rankwise {

/// Finds clusters of points that are ready: scaled, and of length one where the metric asks for it. Where a run was
/// interrupted in the middle of a training, the same call goes on where `progress` stands. Every member is collective
/// over the job's ranks.
class ClusterTrainer {
 public:
  /// All of them outlive it.
  ClusterTrainer(const KMeansJobOptions& options, KMeansProgress& progress, KMeansCheckpointing& checkpoints,
                 JobContext& context)
      : options_(options), progress_(progress), checkpoints_(checkpoints), context_(context) {}

  /// The best of the restarts; `before` are the clusters to begin from, empty for none. Between seeds and iterations
  /// there may be a checkpoint, or the end of the run.
  [[nodiscard]] KMeansResult train(const Points& points, Index clusters, const Matrix& before) const;

  /// What a checkpoint does not hold of a training's result on `points`, where that is missing.
  void complete(const Points& points, KMeansResult& result) const;

 private:
  [[nodiscard]] RandomStream random(RandomPurpose purpose) const;
  [[nodiscard]] Matrix seed(const Points& points, Index clusters, const Matrix& before) const;
  [[nodiscard]] KMeansResult improve(const Points& points) const;
  void tell(const Points& points, Index number, const LloydIteration& iteration) const;

  const KMeansJobOptions& options_;
  KMeansProgress& progress_;
  KMeansCheckpointing& checkpoints_;
  JobContext& context_;
};

}  // namespace rankwise
