#pragma once
// How the ranks of an `als` run gather rows of the other side: together or each for itself, all at once or in batches.

#include <memory>

#include "distributed/exchange/node_group.hpp"
#include "distributed/planning/als_memory.hpp"
#include "jobs/als/als_settings.hpp"
#include "jobs/als/training_sides.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct GatherPlan {
  std::shared_ptr<const NodeGroup> nodes;  ///< whose ranks share what they gather
  GatherLimit users;
  GatherLimit items;
};

/// What this rank is to solve, and how many rows there are.
struct GatherTask {
  SideShare users;
  SideShare items;
  Index all_users = 0;
  Index all_items = 0;
  Index beside_bytes = 0;  ///< of this rank, for what the job does between half-sweeps
};

/// From --node-sharing and --memory-budget, before anything is read but row sizes. Reports whether ranks share, and why
/// not where a node has no room for it. Collective over context.comm; throws AgreedError(usage) where the budget is
/// less than the least.
[[nodiscard]] GatherPlan plan_gathering(const AlsOptions& options, const Objective& objective, const GatherTask& task,
                                        JobContext& context);

/// The task of a training; `entries` are those of this rank's rows.
[[nodiscard]] GatherTask gather_task(const TrainingPlan& plan, const EntryCounts& entries, int rank);

}  // namespace rankwise
