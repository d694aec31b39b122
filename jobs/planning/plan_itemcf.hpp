#pragma once
// `rankwise plan itemcf`: what an item-based model would need, before it waits in a queue.

#include <optional>
#include <string>
#include <vector>

#include "distributed/planning/item_plan.hpp"
#include "io/dataset/trained_on.hpp"
#include "jobs/planning/stated_sizes.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct ItemPlanOptions {
  std::string data;  ///< empty: sizes are stated
  StatedSizes sizes;
  TrainedOn trained_on = TrainedOn::training;
  ItemPlanSettings settings;
  std::vector<int> ranks;
  std::vector<int> threads_per_rank;
  double calibration_seconds = 0;
};

/// Prints what every layout of ranks and threads takes. The root plans and needs no other rank. Collective over
/// context.comm; throws AgreedError.
void plan_itemcf(const ItemPlanOptions& options, JobContext& context);

[[nodiscard]] Job plan_itemcf_job();

}  // namespace rankwise
