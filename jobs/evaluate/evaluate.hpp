#pragma once
// `rankwise evaluate`: how well a model predicts what was held out.

#include "jobs/evaluate/evaluate_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Prints a table of metrics beside baselines' and writes them as JSON. Collective over context.comm; throws
/// AgreedError, also (not_good_enough) if a gate refuses the model.
void evaluate_model(const EvaluateOptions& options, JobContext& context);

[[nodiscard]] Job evaluate_job();

}  // namespace rankwise
