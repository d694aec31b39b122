#pragma once
// `rankwise prepare`: raw logs become a cleaned, indexed, split dataset.

#include <memory>

#include "jobs/data/prepare_options.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Collective over context.comm; throws AgreedError (usage, no_input, bad_data, cannot_create, io_error) and then
/// leaves no output behind.
void prepare(JobContext& context, const PrepareOptions& options);

/// Parsed options go into `options`, which the job then runs with.
[[nodiscard]] RunJob describe_prepare(boost::program_options::options_description& description,
                                      const std::shared_ptr<PrepareOptions>& options);
[[nodiscard]] Job prepare_job();

}  // namespace rankwise
