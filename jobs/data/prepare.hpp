#pragma once
// `rankwise prepare`: raw logs become a cleaned, indexed, split dataset.

#include "jobs/data/prepare_options.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Collective over context.comm; throws AgreedError (usage, no_input, bad_data, cannot_create, io_error) and then
/// leaves no output behind.
void prepare(JobContext& context, const PrepareOptions& options);

[[nodiscard]] RunJob describe_prepare(boost::program_options::options_description& options);
[[nodiscard]] Job prepare_job();

}  // namespace rankwise
