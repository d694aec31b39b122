#pragma once
// What `plan` tells of each layout, and which one it recommends. Plain values.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/planning/epoch_model.hpp"
#include "jobs/planning/over_ranks.hpp"
#include "jobs/planning/plan_settings.hpp"

namespace rankwise {

/// Nodes that ranks fill, and how many each has; the last one may have fewer.
struct NodeCount {
  int nodes = 1;
  int ranks_per_node = 1;
};
[[nodiscard]] NodeCount count_nodes(int ranks, int threads_per_rank, int cores_per_node);

/// One half-sweep of a layout.
struct SweepFigures {
  OverRanks flops;
  OverRanks bytes_sent;  ///< HalfSweep::bytes_sent
  Index min_bytes_sent = 0;
  Index total_bytes_sent = 0;
  OverRanks bytes_received;
  Index lower_bound_bytes = 0;      ///< over all ranks: each row of another node once per node that needs it, unpadded
  double imbalance = 1;             ///< largest over mean predicted cost of a rank's rows
  double heaviest_row_share = 0;    ///< the costliest row over a rank's fair share
  double heaviest_chunk_share = 0;  ///< the costliest chunk of rows over it
  HalfSweepCost cost;
};

/// One layout.
struct LayoutFigures {
  int ranks = 1;
  int threads_per_rank = 1;
  Index nodes = 1;
  Index ranks_per_node = 1;
  OverRanks memory_bytes;
  SweepFigures users;
  SweepFigures items;
  double imbalance = 1;  ///< of both half-sweeps: sums of largest over sums of mean costs
  double epoch_seconds = 0;
  double run_seconds = 0;  ///< all epochs
  double core_hours = 0;
  double efficiency = 0;  ///< one core's seconds over this layout's core seconds
  // What is asked of Slurm.
  Index memory_mebibytes_per_node = 0;
  Index time_limit_seconds = 0;

  [[nodiscard]] double cores() const { return static_cast<double>(ranks) * threads_per_rank; }
};

/// What all layouts share.
struct PlannedRun {
  const PlanOptions& options;
  AlsCosts costs;
  MachineRatio ratio;
  double base_memory_bytes = 0;  ///< of a process before it has any data
  int cores_per_node = 1;
  double file_bytes = 0;  ///< read and written
  double one_core_epoch_seconds = 0;
};

/// Figures of one layout, whose rows have been counted.
[[nodiscard]] LayoutFigures layout_figures(const PlannedRun& run, const SideWork& users, const SideWork& items,
                                           const LayoutPlan& layout, int threads);

/// A layout's place in the list, and why it was taken.
struct Recommendation {
  std::optional<std::size_t> layout;
  std::string reason;
};

/// Of the layouts that fit --memory-per-rank and --time-limit and reach --min-efficiency: with a time limit that of the
/// fewest core-hours, without one the fastest; ties (within 1%) to fewer cores. A single layout is taken if it fits.
[[nodiscard]] Recommendation recommend_layout(const PlanOptions& options, std::span<const LayoutFigures> layouts);

/// The table on standard output.
[[nodiscard]] std::string layout_table(std::span<const LayoutFigures> layouts, const Recommendation& recommended);

/// The same and more as JSON (docs/FORMATS.md); `users`, `items` and `interactions` are the dataset's.
[[nodiscard]] std::string layouts_json(const PlannedRun& run, Index users, Index items, Index interactions,
                                       std::span<const LayoutFigures> layouts, const Recommendation& recommended);

}  // namespace rankwise
