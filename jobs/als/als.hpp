#pragma once
// `rankwise als`: from a dataset to a model.

#include "distributed/exchange/exchange_plan.hpp"
#include "jobs/als/als_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Trains and writes a model. Collective over context.comm; throws AgreedError.
void train_als(const AlsOptions& options, JobContext& context);

[[nodiscard]] Job als_job();

}  // namespace rankwise
