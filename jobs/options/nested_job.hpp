#pragma once
// Jobs that jobs start.

#include <string>
#include <vector>

#include "jobs/run/job.hpp"

namespace rankwise {

/// Runs a job on the ranks of `context` as its own command line would, with this run's threads and report. Collective;
/// throws AgreedError.
void run_nested(const Job& job, std::vector<std::string> arguments, JobContext& context);

}  // namespace rankwise
