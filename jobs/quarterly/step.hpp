#pragma once
// `rankwise quarterly step`: one step of a chain, as its scheduler starts it.

#include <string>

#include "jobs/run/job.hpp"

namespace rankwise {

/// Runs the step's commands, or continues from their checkpoints, and records what they wrote; nothing to do where that
/// is done. Collective over context.comm; throws AgreedError.
void run_chain_step(const std::string& directory, const std::string& name, JobContext& context);

[[nodiscard]] Job quarterly_step_job();

}  // namespace rankwise
