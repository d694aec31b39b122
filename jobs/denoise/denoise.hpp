#pragma once
// `rankwise denoise`: interactions that models find implausible which have not seen them.

#include "jobs/denoise/denoise_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Writes what was found and the dataset without it, and says whether that helps. Collective over context.comm; throws
/// AgreedError.
void denoise(const DenoiseOptions& options, JobContext& context);

[[nodiscard]] Job denoise_job();

}  // namespace rankwise
