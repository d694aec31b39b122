#pragma once
// `rankwise itemcf`: an item-based model of a dataset.

#include <memory>

#include "jobs/itemcf/itemcf_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Finds the neighbours of all items and their weights, and writes the item model. Collective over context.comm; throws
/// AgreedError.
void train_itemcf(const ItemcfOptions& options, JobContext& context);

/// Adds all options of the job, and returns what runs it; `options` gets their values.
[[nodiscard]] RunJob describe_itemcf_job(boost::program_options::options_description& description,
                                         const std::shared_ptr<ItemcfOptions>& options);
[[nodiscard]] Job itemcf_job();

}  // namespace rankwise
