#pragma once
// `rankwise recommend`: the best items for each user.

#include "jobs/recommend/recommend_options.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Writes the `top` best items that the rule for seen items allows each user, in the format of the output's name.
/// Collective over context.comm; throws AgreedError.
void recommend_items(const RecommendOptions& options, JobContext& context);

[[nodiscard]] Job recommend_job();

}  // namespace rankwise
