#pragma once
// What a run of `kmeans` is asked for: values, and whether they make sense together.

#include <memory>
#include <optional>
#include <string>

#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/kmeans/lloyd.hpp"
#include "distributed/kmeans/seeding.hpp"
#include "io/points/point_format.hpp"
#include "jobs/checkpoint/checkpoint_options.hpp"

namespace rankwise {

/// Numbers of clusters to try: first, first + step, ... up to last.
struct ClusterCounts {
  Index first = 0;
  Index last = 0;
  Index step = 1;

  [[nodiscard]] bool is_single() const { return first + step > last; }
};

/// "20", "2:40" or "2:40:2". Throws Error(usage).
[[nodiscard]] ClusterCounts parse_cluster_counts(const std::string& text);

enum class Init { kmeans_parallel, plus_plus, random, file };

/// Where a sweep's larger numbers of clusters begin: afresh, or at the clusters of the number before.
enum class SweepStart { fresh, warm };

struct KMeansJobOptions {
  PointSource source;
  std::string output;
  std::string assignments_csv;            ///< empty: not wanted
  std::optional<ClusterCounts> clusters;  ///< as many as in the file of centroids, where not given
  Init init = Init::plus_plus;
  std::string init_file;
  ParallelSeeding parallel_seeding;
  KMeansOptions iterations;
  Index memory_budget_bytes = 0;  ///< of each rank; 0: as much as needed, bounds as large as the rows
  Scaling scaling = Scaling::none;
  Index restarts = 1;
  Index batch_rows = 0;  ///< 0: all rows in every iteration
  SweepStart sweep_start = SweepStart::fresh;
  Index folds = 2;      ///< of a sweep's stability; 0: not wanted
  std::string quality;  ///< JSON file; empty: not wanted
  std::string predict;  ///< clustering file; empty: new clusters are found
  std::shared_ptr<CheckpointOptions> checkpoints = std::make_shared<CheckpointOptions>();
};

/// Whether every run with this pruning keeps bounds, which sparse rows do not have.
[[nodiscard]] bool keeps_bounds(Pruning pruning);

/// Throws AgreedError(usage) where an option would be silently without effect.
void require_sense(const KMeansJobOptions& options);

}  // namespace rankwise
