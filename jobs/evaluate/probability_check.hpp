#pragma once
// Whether the probabilities that calibrate has fitted come true in what an evaluation holds out.

#include <string>
#include <vector>

#include "jobs/evaluate/contenders.hpp"
#include "jobs/evaluate/evaluation.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Lists of the model beside the held-out part, as calibrate checks them; `path`: the file of probabilities. A line is
/// added to `warnings` if they were fitted on another dataset, or are worth less than one share for all pairs.
/// Collective over context.comm; throws AgreedError (usage, no_input, bad_data).
[[nodiscard]] ProbabilityCheck check_probabilities(JobContext& context, const std::string& path, const Contest& contest,
                                                   const EvaluatedModel& model, std::vector<std::string>& warnings);

}  // namespace rankwise
