#pragma once
// `rankwise calibrate`: probabilities from a model's scores.

#include "jobs/calibrate/calibrate_options.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Fits the steps on the validation part, checks them on the held-out part if there is one, and writes them. Collective
/// over context.comm; throws AgreedError.
void calibrate_model(const CalibrateOptions& options, JobContext& context);

[[nodiscard]] Job calibrate_job();

}  // namespace rankwise
