#pragma once
// `rankwise itemcf`: an item-based model of a dataset.

#include "jobs/itemcf/itemcf_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Finds the neighbours of all items and their weights, and writes the item model. Collective over context.comm; throws
/// AgreedError.
void train_itemcf(const ItemcfOptions& options, JobContext& context);

[[nodiscard]] Job itemcf_job();

}  // namespace rankwise
