#pragma once
// `rankwise als`: from a dataset to a model.

#include "distributed/exchange/exchange_plan.hpp"
#include "jobs/als/als_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Trains and writes a model. Collective over context.comm; throws AgreedError.
void train_als(const AlsOptions& options, JobContext& context);

/// Adds all options of the job, and returns what runs it; `options` gets their values.
[[nodiscard]] RunJob describe_als(boost::program_options::options_description& description,
                                  const std::shared_ptr<AlsOptions>& options);
[[nodiscard]] Job als_job();

}  // namespace rankwise
