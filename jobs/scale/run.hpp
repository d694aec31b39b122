#pragma once
// One run of `scale`: plant, predict, train, and what it took.

#include <vector>

#include "distributed/als/training_progress.hpp"
#include "distributed/synthetic/shape.hpp"
#include "jobs/planning/layout_figures.hpp"
#include "jobs/run/job.hpp"
#include "jobs/scale/run_predictor.hpp"
#include "jobs/scale/scale_settings.hpp"

namespace rankwise {

/// strong: the same matrix on more ranks; weak: a matrix that grows with the ranks.
enum class ScalingKind { strong, weak };

/// Measured over the ranks of the run. Seconds of half-sweeps are means of the measured epochs, all but the first.
struct ScaleRun {
  ScalingKind scaling = ScalingKind::strong;
  int growth = 1;  ///< the stated sizes times this; runs of equal growth train the same matrix
  int ranks = 1;
  int threads_per_rank = 1;
  Index nodes = 1;
  bool is_oversubscribed = false;  ///< some node has more threads than processors
  Index users = 0;
  Index items = 0;
  Index interactions = 0;
  std::vector<EpochLoss> losses;
  std::vector<double> epoch_seconds;  ///< of the slowest rank
  OverRanks generate_seconds;
  OverRanks plan_seconds;  ///< needed rows and their exchange
  OverRanks user_seconds;  ///< half-sweeps
  OverRanks item_seconds;
  OverRanks user_solver_seconds;  ///< inside the rows' solvers, over the threads
  OverRanks item_solver_seconds;
  Index bytes_sent = 0;      ///< by all ranks in an epoch
  Index max_bytes_sent = 0;  ///< by one rank
  OverRanks memory_bytes;    ///< peak, from the matrix on
  double flops = 0;          ///< of an epoch, all ranks, primal-equivalent
  LayoutFigures predicted;   ///< the root's alone
};

/// Plants and trains on the ranks of `comm`, the first of context.comm. The same on every rank but for `predicted`.
/// Collective over comm; throws AgreedError.
[[nodiscard]] ScaleRun measure_run(const Communicator& comm, const ScaleOptions& options, const SyntheticShape& shape,
                                   RunPredictor& predictor, JobContext& context);

}  // namespace rankwise
