#pragma once
// `rankwise similar`: the nearest other items or users of a model.

#include "jobs/run/job.hpp"
#include "jobs/similar/similar_options.hpp"

namespace rankwise {

/// Writes to each chosen row of the model its `top` nearest others, in the format of the output's name. Collective over
/// context.comm; throws AgreedError.
void write_similar(const SimilarOptions& options, JobContext& context);

[[nodiscard]] Job similar_job();

}  // namespace rankwise
