#pragma once
// `rankwise scale`: how training scales on this machine, measured beside what `plan` predicts.

#include "jobs/run/job.hpp"
#include "jobs/scale/scale_settings.hpp"

namespace rankwise {

/// Trains planted data on the first ranks of context.comm, once for each number of ranks that is asked for, tells what
/// was measured and predicted, and writes what was asked for. Runs of the same matrix must end each epoch with the same
/// loss, bit for bit. Collective over context.comm; throws AgreedError.
void measure_scaling(const ScaleOptions& options, JobContext& context);

/// Adds all options of the job.
RunJob describe_scale(boost::program_options::options_description& description);

[[nodiscard]] Job scale_job();

}  // namespace rankwise
